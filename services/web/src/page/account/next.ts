/** Where to go on: an address of this page and of no other. */
export function nextOf(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/'
  return /^\/(?![/\\])/.test(next) ? next : '/'
}

/**
 * Canonical JSON (RFC 8785): members sorted by UTF-16 code units, no white space, members without a value left out.
 * JavaScript's own number and string forms are the ones that the RFC prescribes.
 */
export function canonicalize(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(',')}]`
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalize(member)}`)
  return `{${members.join(',')}}`
}

import { withFirstHost } from './first-host.ts'

/** The values of secrets that this process was given, so that no line of its log shows one, whatever sentence it stands in. */

/** Shorter values would be found in words that are no secret. */
const lengthMin = 8
/** Rotated values stay known for a while; beyond so many the oldest are forgotten. */
const knownMax = 200
const known = new Set<string>()

/** The password inside a URL is a secret of its own: drivers repeat it without the rest. */
function passwordsIn(value: string): string[] {
  const url = withFirstHost(value)
  if (!URL.canParse(url)) return []
  const { password } = new URL(url)
  if (password === '') return []
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}

export function rememberSecret(value: string): void {
  for (const each of [value, ...passwordsIn(value)]) {
    if (each.length < lengthMin) continue
    known.delete(each)
    known.add(each)
  }
  for (const oldest of known) {
    if (known.size <= knownMax) return
    known.delete(oldest)
  }
}

/** As they stand in a line of JSON, where quotes and line breaks are escaped. */
export function withoutKnownSecrets(text: string): string {
  let clean = text
  for (const value of known) {
    if (clean.includes(value)) clean = clean.replaceAll(value, '[secret]')
    const escaped = JSON.stringify(value).slice(1, -1)
    if (escaped !== value && clean.includes(escaped)) clean = clean.replaceAll(escaped, '[secret]')
  }
  return clean
}

import { commonPasswords } from './common-passwords.ts'

export const passwordLengthMin = 10
/** `aaaaaaaaaa` and `abababababab` are long and worth nothing. */
const distinctCharactersMin = 4

export type PasswordWeakness = 'TOO_SHORT' | 'TOO_COMMON' | 'SAME_AS_EMAIL'

/** One password typed on two keyboards may arrive in two Unicode forms; both must open the account (NIST SP 800-63B). */
export const normalisePassword = (password: string): string => password.normalize('NFKC')

/** Why a password is refused, or undefined. `email` is normalised. Length counts characters, not UTF-16 units. */
export function passwordWeakness(password: string, email: string): PasswordWeakness | undefined {
  const characters = Array.from(normalisePassword(password))
  const folded = characters.join('').toLowerCase()
  if (folded.trim() === email) return 'SAME_AS_EMAIL'
  if (characters.length < passwordLengthMin) return 'TOO_SHORT'
  if (commonPasswords.has(folded) || new Set(folded).size < distinctCharactersMin) return 'TOO_COMMON'
  return undefined
}

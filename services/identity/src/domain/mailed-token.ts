/** What a mail may prove, and for how long. */
export type Purpose = 'verify-email' | 'reset-password'

const MINUTE_MS = 60_000

export const mailedTokens = {
  /** Somebody else may read the mail later: a new password is set soon or not at all. */
  lifetimeMs: { 'verify-email': 24 * 60 * MINUTE_MS, 'reset-password': 30 * MINUTE_MS },
  /** To one address, of one purpose, in `windowMs`: nobody fills another's mailbox. */
  mailsMax: 5,
  windowMs: 60 * MINUTE_MS,
  attemptsMax: 12
} as const satisfies { lifetimeMs: Record<Purpose, number> } & Record<string, unknown>

/** The pause after the n-th failed attempt to send. */
export const retryAfterMs = (attempt: number): number => Math.min(30 * MINUTE_MS, 1_000 * 2 ** Math.min(attempt, 20))

export interface MailContent {
  subject: string
  text: string
}

/** The token stands in the link's fragment, which no browser sends anywhere: it is in no log of a server and in no `referer`. */
export function mailFor(purpose: Purpose, { publicUrl, token }: { publicUrl: string; token: string }): MailContent {
  const link = `${publicUrl.replace(/\/$/, '')}/#${purpose}=${token}`
  const minutes = mailedTokens.lifetimeMs[purpose] / MINUTE_MS
  const within = minutes >= 120 ? `${minutes / 60} hours` : `${minutes} minutes`
  return purpose === 'verify-email'
    ? {
        subject: 'Confirm your e-mail address',
        text: `Hello,\n\nopen this link to confirm that this address is yours:\n\n${link}\n\nIt works once, within ${within}. If you did not register with Gavel, do nothing.\n\nGavel\n`
      }
    : {
        subject: 'Set a new password',
        text: `Hello,\n\nopen this link to set a new password:\n\n${link}\n\nIt works once, within ${within}, and ends every sign-in to your account. If you did not ask for it, do nothing: your password stays as it is.\n\nGavel\n`
      }
}

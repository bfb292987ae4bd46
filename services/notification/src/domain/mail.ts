import type { MailSettings } from '@gavel/contracts/api/notification.ts'
import type { Kind } from './notice.ts'

type Chosen = keyof MailSettings

/** Always mailed: one's own account and purchases. */
const always: Record<Exclude<Kind, Chosen>, true> = {
  welcome: true,
  won: true,
  ordered: true,
  failed: true,
  refunded: true,
  offer: true,
  cancelled: true
}

/** What the service's own settings say. */
export type MailDefaults = Pick<MailSettings, 'outbid'>

/** What is mailed to a person who has chosen nothing. A mail about being outbid mostly comes too late to matter. */
export const mailSettingsOf = (chosen: Partial<MailSettings>, { outbid }: MailDefaults): MailSettings => ({
  outbid,
  'ending-soon': true,
  ended: true,
  ...chosen
})

export const isMailed = (kind: Kind, settings: MailSettings): boolean => kind in always || settings[kind as Chosen]

export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}

/** A header is one line: whatever a name or title brings, it starts no new one. */
// oxlint-disable-next-line no-control-regex -- control characters are what is taken out.
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim()

export interface MailContent {
  subject: string
  text: string
  html: string
}

export function mailOf(
  notice: { title: string; text: string; orderNumber?: string },
  displayName: string
): MailContent {
  const order = notice.orderNumber === undefined ? '' : `Order number: ${notice.orderNumber}`
  const greeting = `Hello ${oneLine(displayName)},`
  const paragraphs = [greeting, notice.text, ...(order ? [order] : [])]
  const body = paragraphs.map((paragraph) => `    <p>${escapeHtml(paragraph)}</p>`).join('\n')
  return {
    subject: oneLine(notice.title),
    text: `${paragraphs.join('\n\n')}\n\nGavel\n`,
    html: `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>${escapeHtml(oneLine(notice.title))}</title></head>
  <body style="font-family: sans-serif; max-width: 36rem; margin: 2rem auto">
    <h1 style="font-size: 1.3rem">${escapeHtml(notice.title)}</h1>
${body}
    <p style="color: #666">Gavel</p>
  </body>
</html>
`
  }
}

/** Derived from the notification, so that a mail sent twice (at-least-once) is recognised as the same one. */
export const messageIdOf = (notificationId: string, from: string): string => {
  const domain = /@([A-Za-z0-9.-]+)/.exec(from)?.[1] ?? 'localhost'
  return `<${notificationId}@${domain}>`
}

export function retryAfterMs(attempt: number, random: number): number {
  const ceiling = Math.min(30 * 60_000, 1_000 * 2 ** Math.min(attempt - 1, 20))
  return Math.round(ceiling / 2 + (random * ceiling) / 2)
}

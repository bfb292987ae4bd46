import { request } from 'undici'
import type { Stage } from './stage.ts'
import { waitFor } from './wait.ts'

export type SeenMail = { subject: string; text: string }

/** The inbox takes every mail that the platform sends on this machine, and shows it. */
export async function waitForMail(
  { inboxUrl }: Stage,
  to: string,
  accept: (mail: SeenMail) => boolean
): Promise<SeenMail> {
  const url = `${inboxUrl}/inbox/api/mails?to=${encodeURIComponent(to)}`
  return waitFor(`A mail to ${to} arrives`, async () => {
    const response = await request(url)
    const { items } = (await response.body.json()) as { items: SeenMail[] }
    return items.find(accept)
  })
}

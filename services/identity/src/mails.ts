import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from 'pg'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { MailTransport } from '@gavel/platform/mail.ts'
import { mailedTokens, mailFor, retryAfterMs } from './domain/mailed-token.ts'
import { findByEmail } from './store/accounts.ts'
import { claimMail, mailDone, mailPostponed, type QueuedMail } from './store/mail-queue.ts'
import { issueMailedToken } from './store/mailed-tokens.ts'

export interface MailsOptions {
  publicUrl: string
  /** Longer than one attempt takes. */
  leaseMs: number
  pollMs: number
}

/**
 * Sends what is in the queue, each mail at least once. The token is made here and goes into the mail and nowhere else: it is in no event, no
 * queue and no log. One that is sent twice has two tokens, and the use of one ends the other.
 */
export function startMails(
  context: ServiceContext,
  { pool, transport }: { pool: Pool; transport: MailTransport },
  options: MailsOptions
): void {
  const stopping = new AbortController()

  const deliver = async (mail: QueuedMail): Promise<void> => {
    const now = context.clock()
    const account = await findByEmail(pool, mail.email)
    const needed = account && !(mail.purpose === 'verify-email' && account.emailVerified)
    if (needed) {
      const token = await issueMailedToken(pool, account, mail.purpose, now)
      const content = mailFor(mail.purpose, { publicUrl: options.publicUrl, token })
      await transport.send({
        to: { name: account.displayName, address: account.email },
        kind: mail.purpose,
        ...content
      })
    }
    await mailDone(pool, mail.mailId, context.clock())
  }

  const attempt = async (mail: QueuedMail): Promise<void> => {
    try {
      await deliver(mail)
    } catch (error) {
      const about = { error, mailId: mail.mailId, attempt: mail.attempts }
      if (mail.attempts >= mailedTokens.attemptsMax) {
        await mailDone(pool, mail.mailId, context.clock())
        context.log.error(about, 'A mail is given up')
      } else {
        await mailPostponed(pool, mail.mailId, context.clock() + retryAfterMs(mail.attempts))
        context.log.warn(about, 'A mail could not be sent: trying again later')
      }
    }
  }

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        const mail = await claimMail(pool, context.clock(), options.leaseMs)
        if (mail) await attempt(mail)
        else await delay(options.pollMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      } catch (error) {
        // The lease brings a claimed mail back by itself.
        context.log.warn({ error }, 'The mail queue cannot be worked on: trying again')
        await delay(options.pollMs, undefined, { signal: stopping.signal }).catch(() => undefined)
      }
    }
  }
  const running = run()
  context.closers.add(
    'mails',
    async () => {
      stopping.abort()
      await running
      transport.close()
    },
    'relays'
  )
}

import type { Secret } from '@gavel/platform/config.ts'
import { createMailTransport } from '@gavel/platform/mail.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { mailOf, messageIdOf, retryAfterMs } from '../domain/mail.ts'
import type { NotificationMetrics } from '../metrics.ts'
import type { Collections } from '../store/documents.ts'
import { claimMail, mailDead, mailPostponed, mailSent, type DueMail } from '../store/mails.ts'
import { readUser } from '../store/users.ts'

export interface MailerOptions {
  smtpUrl: Secret
  from: string
  concurrency: number
  /** Attempts before a mail is given up. */
  attemptsMax: number
  /** Longer than one attempt takes. */
  leaseMs: number
  pollMs: number
}

export interface Mailer {
  wake(): void
  stop(): Promise<void>
}

interface MailerParts {
  collections: Collections
  metrics: NotificationMetrics
  options: MailerOptions
}

/** Sends what is due in the mail queue, a few at once, each at least once, until it is told to stop. */
export function startMailer(context: ServiceContext, { collections, metrics, options }: MailerParts): Mailer {
  const transport = createMailTransport(options)
  let stopping = false
  const wakers = new Set<() => void>()

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        wakers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      wakers.add(wake)
      if (stopping) wake()
    })

  async function work(): Promise<void> {
    while (!stopping) {
      try {
        const due = await claimMail(collections, context.clock(), options.leaseMs)
        if (due) await deliver(due)
        else await sleep(options.pollMs)
      } catch (error) {
        // The lease brings a claimed mail back by itself.
        context.log.warn({ error }, 'The mail queue cannot be worked on: trying again')
        await sleep(options.pollMs)
      }
    }
  }

  async function deliver(due: DueMail): Promise<void> {
    try {
      const user = await readUser(collections, due.userId)
      if (!user) throw new Error('No e-mail address is known yet')
      const content = mailOf(due, user.displayName)
      await transport.send({
        to: { name: user.displayName, address: user.email },
        messageId: messageIdOf(due._id, options.from),
        kind: due.kind,
        ...content
      })
      await mailSent(collections, due._id, context.clock())
      metrics.mail('sent')
    } catch (error) {
      await failed(due, error)
    }
  }

  async function failed(due: DueMail, error: unknown): Promise<void> {
    const failure = (error instanceof Error ? error.message : String(error)).slice(0, 300)
    const about = { error, notificationId: due._id, attempt: due.mail.attempts }
    if (due.mail.attempts >= options.attemptsMax || isFinal(error)) {
      await mailDead(collections, due._id, failure)
      metrics.mail('dead')
      context.log.error(about, 'A mail is given up')
      return
    }
    await mailPostponed(collections, due, failure, context.clock() + retryAfterMs(due.mail.attempts, Math.random()))
    metrics.mail('postponed')
    context.log.warn(about, 'A mail could not be sent: trying again later')
  }

  const workers = Array.from({ length: options.concurrency }, work)
  return {
    wake: () => wakers.forEach((wake) => wake()),
    async stop() {
      stopping = true
      wakers.forEach((wake) => wake())
      await Promise.all(workers)
      transport.close()
    }
  }
}

/** A 5xx reply to this mail itself says that it will never be taken. */
function isFinal(error: unknown): boolean {
  const { responseCode, code } = error as { responseCode?: unknown; code?: unknown }
  return typeof responseCode === 'number' && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
}

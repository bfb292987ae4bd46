import { createTransport } from 'nodemailer'
import type { Secret } from './config.ts'

export interface OutgoingMail {
  to: { name: string; address: string }
  /** For filters at the other end. */
  kind: string
  subject: string
  text: string
  html?: string
  messageId?: string
}

export interface MailTransport {
  /** Resolves when the server has taken it. */
  send(mail: OutgoingMail): Promise<void>
  close(): void
}

const timeoutMs = 10_000

/** Mails over SMTP, `smtp://user:password@host:587` or `smtps://`. Connections are made on use and kept until the URL is rotated. */
export function createMailTransport(options: { smtpUrl: Secret; from: string; concurrency?: number }): MailTransport {
  const connect = () => {
    const transport = createTransport({
      url: options.smtpUrl.reveal(),
      pool: true,
      maxConnections: options.concurrency ?? 1,
      connectionTimeout: timeoutMs,
      greetingTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      // Nothing that came in from outside may make the mailer read a file or fetch an address.
      disableFileAccess: true,
      disableUrlAccess: true
    })
    return { transport, sending: 0 }
  }
  let current = connect()
  options.smtpUrl.onRotated(() => {
    const before = current
    current = connect()
    if (before.sending === 0) before.transport.close()
  })
  return {
    async send({ to, kind, ...content }) {
      const used = current
      used.sending += 1
      try {
        await used.transport.sendMail({
          from: options.from,
          // An address object: nothing in a name or an address can add a second recipient.
          to,
          headers: { 'X-Gavel-Kind': kind, 'Auto-Submitted': 'auto-generated' },
          ...content
        })
      } finally {
        used.sending -= 1
        // What was given to it before a rotation is sent by it; the last one closes it.
        if (used !== current && used.sending === 0) used.transport.close()
      }
    },
    close: () => current.transport.close()
  }
}

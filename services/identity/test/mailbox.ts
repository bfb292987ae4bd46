import type { AddressInfo } from 'node:net'
import PostalMime from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import { Secret } from '@gavel/platform/config.ts'
import { createMailTransport } from '@gavel/platform/mail.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { startMails } from '../src/mails.ts'
import type { Process } from './identity.ts'

export interface Mailbox {
  /** Sends what this process queues, over SMTP, to here. */
  serve(process: Process): void
  /** The token in the n-th mail to an address, counted from 1, once it has come. */
  token(to: string, purpose: string, nth?: number): Promise<string>
  count(to: string): number
  /** Whether it takes mails; one that does not says to try again later. */
  open: boolean
  close(): Promise<void>
}

/** A mail server of the test's own. */
export async function aMailbox(): Promise<Mailbox> {
  const mails: { to: string; text: string }[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (!mailbox.open) {
          done(Object.assign(new Error('Come back later'), { responseCode: 451 }))
          return
        }
        const keep = async (): Promise<void> => {
          const { text } = await PostalMime.parse(Buffer.concat(chunks))
          mails.push({ to: session.envelope.rcptTo.map(({ address }) => address).join(), text: text ?? '' })
          done()
        }
        void keep()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const mailbox: Mailbox = {
    open: true,
    serve: ({ context, pool }) => {
      const transport = createMailTransport({
        smtpUrl: new Secret(`smtp://127.0.0.1:${port}`),
        from: 'Gavel <gavel@localhost>'
      })
      startMails(context, { pool, transport }, { publicUrl: 'https://gavel.example/', leaseMs: 60_000, pollMs: 20 })
    },
    token: async (to, purpose, nth = 1) => {
      const pattern = new RegExp(`https://gavel\\.example/#${purpose}=([A-Za-z0-9_-]+)`)
      return await eventually(
        () => {
          const found = mails.filter((mail) => mail.to === to).flatMap(({ text }) => pattern.exec(text)?.[1] ?? [])
          return found[nth - 1]
        },
        { what: `a mail of ${purpose}` }
      )
    },
    count: (to) => mails.filter((mail) => mail.to === to).length,
    close: async () => await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return mailbox
}

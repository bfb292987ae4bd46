import { once } from 'node:events'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { Logger } from '@gavel/platform/log.ts'
import type { Mailbox } from './mailbox.ts'

export interface SmtpOptions {
  mailbox: Mailbox
  log: Logger
  host: string
  port: number
  mailBytesMax: number
}

const clientsMax = 50
const recipientsMax = 50

const refusal = (responseCode: number, message: string): Error => Object.assign(new Error(message), { responseCode })

/** Takes any mail from this machine and sends none on. */
export async function startSmtp({
  mailbox,
  log,
  host,
  port,
  mailBytesMax
}: SmtpOptions): Promise<{ port: number; close(): Promise<void> }> {
  const server = new SMTPServer({
    name: 'gavel-inbox',
    banner: 'Gavel inbox: mail stops here',
    disabledCommands: ['AUTH', 'STARTTLS'],
    authOptional: true,
    // It would look the client's address up.
    disableReverseLookup: true,
    size: mailBytesMax,
    maxClients: clientsMax,
    socketTimeout: 60_000,
    closeTimeout: 2_000,
    onRcptTo: (_address, session, done) =>
      done(session.envelope.rcptTo.length >= recipientsMax ? refusal(452, 'Too many recipients') : undefined),
    onData: (stream, session, done) => {
      void answer(take(stream, session), done)
    }
  })

  async function take(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length
      // The rest is read and dropped: the protocol has no way to stop a sender in the middle.
      if (bytes <= mailBytesMax) chunks.push(chunk)
    }
    if (bytes > mailBytesMax) throw refusal(552, 'The mail is too large')
    const mail = await mailbox.receive(
      Buffer.concat(chunks),
      session.envelope.rcptTo.map(({ address }) => address)
    )
    log.info({ mail: mail.id, copies: mail.copies }, 'A mail arrived')
    return mail.id
  }

  async function answer(taken: Promise<string>, done: (error?: Error | null, message?: string) => void): Promise<void> {
    try {
      done(null, `Kept as ${await taken}`)
    } catch (error) {
      done(error instanceof Error ? error : new Error('The mail could not be kept'))
    }
  }

  server.on('error', (error) => log.warn({ error }, 'An SMTP connection broke'))
  server.listen(port, host)
  await once(server.server, 'listening')
  const address = server.server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close: () => new Promise((resolve) => server.close(() => resolve()))
  }
}

import { runService } from '@gavel/platform/service.ts'
import { buildInbox } from './app.ts'
import { readInboxConfig } from './config.ts'
import { Mailbox } from './mailbox.ts'
import { startSmtp } from './smtp.ts'

await runService({
  name: 'inbox',
  config: () => readInboxConfig(),
  start: async ({ closers, clock, log }, { host, port, smtpPort, mailsMax, mailBytesMax, directory }) => {
    const mailbox = new Mailbox(mailsMax, clock, directory)
    await mailbox.open()
    const smtp = await startSmtp({ mailbox, log, host, port: smtpPort, mailBytesMax })
    closers.add('smtp', () => smtp.close(), 'http')
    const app = buildInbox(mailbox)
    closers.add('http', () => app.close(), 'http')
    const address = await app.listen({ host, port })
    log.info({ address: `${address}/inbox`, smtpPort: smtp.port }, 'The inbox is open')
  }
})

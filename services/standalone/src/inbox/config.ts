import {
  integer,
  optional,
  port,
  readAll,
  readConfig,
  telemetryConfig,
  text,
  type Environment
} from '@gavel/platform/config.ts'

export type InboxConfig = ReturnType<typeof readInboxConfig>

export function readInboxConfig(env: Environment = process.env) {
  const { inbox, telemetry } = readAll({
    inbox: () =>
      readConfig(env, {
        /** Loopback unless somebody asks for more: whoever reaches it reads every mail. */
        HOST: text({ default: '127.0.0.1' }),
        SMTP_PORT: port({ default: 1025 }),
        PORT: port({ default: 8025 }),
        /** Where mails outlive the process; without it they are in memory alone. */
        DATA_DIRECTORY: optional(text()),
        /** The newest are kept. */
        MAILS_MAX: integer({ default: 2_000, min: 1, max: 100_000 }),
        MAIL_BYTES_MAX: integer({ default: 1024 * 1024, min: 1_024, max: 32 * 1024 * 1024 })
      }),
    telemetry: () => telemetryConfig(env)
  })
  return {
    host: inbox.HOST,
    smtpPort: inbox.SMTP_PORT,
    port: inbox.PORT,
    directory: inbox.DATA_DIRECTORY,
    mailsMax: inbox.MAILS_MAX,
    mailBytesMax: inbox.MAIL_BYTES_MAX,
    telemetry
  } as const
}

import { Secret } from '@gavel/platform/config.ts'
import { runService } from '@gavel/platform/service.ts'

/** A service that puts a secret into its log in every way that happens, and then waits for its end. */
const secret = process.env['TEST_SECRET'] ?? ''

await runService({
  name: 'careless',
  config: {},
  start: async ({ log }) => {
    log.info({ headers: { authorization: `Bearer ${secret}`, cookie: secret } }, 'A request')
    log.info({ body: { password: secret, refreshToken: secret, cardNumber: secret, code: secret } }, 'A body')
    log.warn({ error: new Error(`postgres://gavel:${secret}@db:5432/x does not answer`) }, 'A database')
    log.error(new Error(`Bearer ${secret} was refused`, { cause: new Error(`mongodb://u:${secret}@h/`) }))
    log.child({ token: secret }).info({ url: new Secret(secret) }, `It said: Bearer ${secret}`)
    log.info('All said')
    const staying = setInterval(() => undefined, 60_000)
    process.once('SIGTERM', () => clearInterval(staying))
  }
})

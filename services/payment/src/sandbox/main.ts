import { runService } from '@gavel/platform/service.ts'
import { buildSandbox } from './app.ts'
import { readSandboxConfig } from './config.ts'
import { SandboxLedger } from './ledger.ts'

await runService({
  name: 'payment-sandbox',
  config: () => readSandboxConfig(),
  start: async ({ closers, log, signal }, config) => {
    const ledger = await SandboxLedger.open(config.dataFile)
    closers.add('journal', () => ledger.close(), 'pools')
    const app = buildSandbox({ ledger, apiKey: config.apiKey, signal })
    closers.add('http', () => app.close(), 'http')
    const address = await app.listen({ host: config.host, port: config.port })
    log.info({ address }, 'The sandbox provider is open')
  }
})

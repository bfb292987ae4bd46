import { createLog } from '@gavel/platform/log.ts'
import { ConfigError } from '@gavel/platform/config.ts'
import { buildOperator } from './app.ts'
import { operatorConfig, type OperatorConfig } from './config.ts'

/** The operator's process: it watches, leads when it is its turn, and gives the lease back when it ends. */
async function run(config: OperatorConfig): Promise<void> {
  const log = createLog({ service: 'operator', level: config.logLevel })
  const { runtime, stop } = buildOperator(config, log)
  let ending = false
  const end = async (reason: string, exitCode: number): Promise<void> => {
    if (ending) return
    ending = true
    log.info({ reason }, 'Ending')
    // A stop that hangs ends too: the lease runs out by itself.
    const limit = setTimeout(() => process.exit(1), 30_000)
    await stop().catch((error: unknown) => log.error({ error }, 'Not everything could be stopped'))
    clearTimeout(limit)
    log.info({ reason }, 'Ended')
    setTimeout(() => process.exit(exitCode), 50)
  }
  process.once('SIGTERM', () => void end('SIGTERM', 0))
  process.once('SIGINT', () => void end('SIGINT', 0))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ error }, 'Nobody caught this error: the process ends')
      void end(event, 1)
    })
  }
  // What was begun as leader must not go on beside another's: a new process begins anew.
  void runtime.leadershipLost.then(() => end('another leads', 1))
  await runtime.start()
  log.info({ port: runtime.healthPort, identity: runtime.identity }, 'Started')
}

try {
  await run(operatorConfig())
} catch (error) {
  const log = createLog({ service: 'operator' })
  if (error instanceof ConfigError) {
    log.fatal({ problems: error.problems }, error.message)
    process.exit(78)
  }
  log.fatal({ error }, 'The operator could not start')
  process.exit(1)
}

import { parseArgs } from 'node:util'
import { createLog } from '@gavel/platform/log.ts'
import { KubeClient } from '../kube/client.ts'
import { upgradeDefinitions } from './definitions.ts'
import { removePlatforms } from './removal.ts'

/**
 * What an installation needs done around the operator: `definitions` brings the custom resource definitions to this version, `removal`
 * takes the platforms of a namespace away while the operator is still there to clean up behind them.
 */
const log = createLog({ service: 'operator' })
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { namespace: { type: 'string' }, 'timeout-seconds': { type: 'string', default: '240' } }
})
const client = KubeClient.fromEnvironment()
const say = (line: string): void => log.info(line)

try {
  if (positionals[0] === 'definitions') await upgradeDefinitions(client, say)
  else if (positionals[0] === 'removal' && values.namespace !== undefined) {
    await removePlatforms(client, values.namespace, { say, timeoutMs: Number(values['timeout-seconds']) * 1000 })
  } else throw new Error('Say `definitions`, or `removal --namespace NAME`')
  process.exit(0)
} catch (error) {
  log.fatal({ error }, 'Not done')
  process.exit(1)
}

import { dirname } from 'node:path'
import { claimFolder } from '../claim.ts'
import { readBackendsConfig } from '../config.ts'
import { watchForEnding } from '../ending.ts'
import { describeFailure } from '../failure.ts'
import { clearData, startBackends } from './all.ts'

/** The backends alone, for work on one service: `node services/standalone/src/backends/main.ts [--fresh]`. */
const config = readBackendsConfig()
const progress = (line: string): void => console.error(line)
try {
  using _claim = claimFolder(dirname(config.directories.data))
  const ending = watchForEnding()
  if (process.argv.includes('--fresh')) await clearData(config.directories.data)
  const backends = await startBackends({ ...config, progress })
  const { kafka, mongodb, postgres, redis } = backends.urls
  console.log(`KAFKA_BROKERS=${kafka}\nMONGODB_URL='${mongodb}'\nPOSTGRES_URL=${postgres}\nREDIS_URL=${redis}`)
  await ending.wait()
  await backends.stop()
} catch (error) {
  console.error(describeFailure(error))
  process.exitCode = 1
}

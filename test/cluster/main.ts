import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readDirectories } from '@gavel/standalone/config.ts'
import { describeFailure, StartFailure } from '@gavel/standalone/failure.ts'
import { startCluster, stopCluster } from './cluster.ts'

/** `npm run cluster:up [-- --nodes 2]`, `npm run cluster:down`. */
const usage = 'Usage: npm run cluster:up [-- --nodes N], npm run cluster:down'

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { nodes: { type: 'string', default: '1' } }
  })
  const { cache, data } = readDirectories()
  const directory = join(dirname(data), 'cluster')
  if (positionals[0] === 'down') return stopCluster(directory)
  const nodes = Number(values.nodes)
  if (positionals[0] !== 'up' || ![1, 2, 3].includes(nodes)) throw new StartFailure(`${usage}; N is 1, 2 or 3.`)
  const { kubeconfig, binaries } = await startCluster({
    cache,
    directory,
    nodes,
    progress: (line) => console.log(`  ${line}`)
  })
  console.log(`\nkubectl and helm: export PATH=${binaries.kubernetes}:${dirname(binaries.helm)}:$PATH`)
  console.log(`export KUBECONFIG=${kubeconfig}`)
}

try {
  await main()
} catch (error) {
  console.error(describeFailure(error))
  process.exitCode = 1
}
process.exit()

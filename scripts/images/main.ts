import { mkdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readDirectories, repository } from '@gavel/standalone/config.ts'
import { describeFailure } from '@gavel/standalone/failure.ts'
import { backendImages } from './backend-images.ts'
import { nodeImages } from './node-images.ts'
import { ImageStore } from './store.ts'

const usage = `Usage: npm run images -- [--prefix PREFIX] [--tag TAG] [--output FOLDER] [--backends]

Builds the images of every service, of the operator and of the mailbox as OCI archives, without a daemon.
  --prefix PREFIX  before each name (ghcr.io/gavel-dev/gavel-)
  --tag TAG        the version in package.json when absent
  --output FOLDER  where the archives go (.gavel/images)
  --backends       the development backends too, for a cluster without a registry; never to be passed on`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      prefix: { type: 'string', default: 'ghcr.io/gavel-dev/gavel-' },
      tag: { type: 'string' },
      output: { type: 'string' },
      backends: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (values.help) return console.log(usage)
  const directories = readDirectories()
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string }
  const { prefix, tag = version } = values
  const output = resolve(values.output ?? join(dirname(directories.data), 'images'))
  mkdirSync(output, { recursive: true })
  const store = new ImageStore(join(directories.cache, 'images'))
  const progress = (line: string): void => console.log(`  ${line}`)
  const tell = (name: string): void =>
    progress(`${name}  ${(store.sizeOf(name) / 1e6).toFixed(0)} MB  ${store.digestOf(name)}`)
  const names = await nodeImages({ store, repository, prefix, tag })
  names.forEach(tell)
  const archive = join(output, `gavel-${tag}.tar`)
  await store.archive(archive, names)
  if (values.backends) {
    const backends = Object.values(
      await backendImages({ store, directories, prefix: 'gavel.test/', tag: '1', progress })
    )
    backends.forEach(tell)
    await store.archive(join(output, 'backends.tar'), backends)
  }
  console.log(archive)
}

try {
  await main()
} catch (error) {
  console.error(describeFailure(error))
  process.exitCode = 1
}
process.exit()

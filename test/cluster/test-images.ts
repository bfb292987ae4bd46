import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Directories } from '@gavel/standalone/backends/backend.ts'
import { repository } from '@gavel/standalone/config.ts'
import type { Progress } from '@gavel/standalone/install.ts'
import { backendImages, type BackendImages } from '../../scripts/images/backend-images.ts'
import { nodeImages } from '../../scripts/images/node-images.ts'
import { ImageStore } from '../../scripts/images/store.ts'

export interface TestImages {
  prefix: string
  /** The version that is installed, the next one, and one whose identity service does not start. */
  tags: { first: string; next: string; broken: string }
  backends: BackendImages
  archives: string[]
  /** Unpacked bytes of each of Gavel's own, by name. */
  sizes: Record<string, number>
}

const prefix = 'gavel.test/gavel-'
const tags = { first: '1.0.0', next: '1.1.0', broken: '1.2.0' }
/** It migrates, as it should, and then does not serve. */
const brokenCommand = ['-e', "process.exit(process.env.MIGRATE_ONLY === 'true' ? 0 : 1)"]

/** Builds what the journey through the cluster needs: three versions of the platform, and the backends beside it. */
export async function testImages(directories: Directories, progress: Progress): Promise<TestImages> {
  const store = new ImageStore(join(directories.cache, 'images'))
  const output = join(directories.data, 'images')
  mkdirSync(output, { recursive: true })
  progress('building the images')
  const names = await nodeImages({ store, repository, prefix, tag: tags.first })
  const versions = [tags.next, tags.broken].flatMap((tag) =>
    names.map((name) => {
      const other = name.replace(/:[^:]*$/, `:${tag}`)
      const isBroken = tag === tags.broken && name.includes('gavel-identity:')
      store.variant(name, other, { version: tag, ...(isBroken ? { command: brokenCommand } : {}) })
      return other
    })
  )
  const backends = await backendImages({ store, directories, prefix: 'gavel.test/', tag: '1', progress })
  const archives = [join(output, 'gavel.tar'), join(output, 'backends.tar')]
  await store.archive(archives[0]!, [...names, ...versions])
  await store.archive(archives[1]!, Object.values(backends))
  const sizes = Object.fromEntries(names.map((name) => [name, store.sizeOf(name)]))
  return { prefix, tags, backends, archives, sizes }
}

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { once } from '@gavel/standalone/install.ts'
import { put } from '../../scripts/images/files.ts'
import { ImageStore } from '../../scripts/images/store.ts'
import type { ClusterBinaries } from './cluster-binaries.ts'
import { systemImages } from './node-files.ts'

/** The archive of the two images that every node needs before anything else runs on it. */
export async function systemArchive(cache: string, { coredns, pause }: ClusterBinaries): Promise<string> {
  const key = createHash('sha256').update(`${coredns} ${pause} 1`).digest('hex').slice(0, 12)
  const place = await once(cache, `cluster-images-${key}`, async (directory) => {
    const store = new ImageStore(join(directory, 'store'))
    for (const [name, program] of Object.entries({ coredns, pause }) as [keyof typeof systemImages, string][]) {
      const layers = [await store.layer((root) => put(root, program, name))]
      store.image({ name: systemImages[name], layers, entrypoint: [`/${name}`], user: '65532' })
    }
    await store.archive(join(directory, 'images.tar'), Object.values(systemImages))
  })
  return join(place, 'images.tar')
}

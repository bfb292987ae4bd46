import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { services } from '@gavel/contracts/services.ts'
import { ensurePages } from '@gavel/standalone/prepare.ts'
import { closureOf, type Closure } from './closure.ts'
import { link, putNames, putNativeLibraries, putPackage, putPrograms, putWorkspace, recipeOf, user } from './files.ts'
import type { Descriptor, ImageDescription, ImageStore } from './store.ts'

const recipe = recipeOf(import.meta.filename)

/** An image of Node and one workspace package. */
export interface NodeShape {
  /** After the prefix. */
  name: string
  /** Its package. */
  folder: string
  /** Below the folder. */
  entry: string
  doc: string
  ports: number[]
  /** Files beside src that are read at run time. */
  extras?: string[]
}

/** One for each service, the operator, and the mailbox that stands in for a mail server where a platform is only tried. */
export const nodeShapes: readonly NodeShape[] = [
  ...services.map(({ name, doc }) => ({
    name,
    folder: `services/${name}`,
    entry: 'src/main.ts',
    doc,
    ports: [8080],
    ...(name === 'web' && { extras: ['dist/current'] })
  })),
  {
    name: 'operator',
    folder: 'operator',
    entry: 'src/main.ts',
    doc: 'Deploys, scales and watches Gavel.',
    ports: [8080],
    extras: ['crds']
  },
  {
    name: 'mailbox',
    folder: 'services/standalone',
    entry: 'src/inbox/main.ts',
    doc: 'Takes every mail and shows it; for trying Gavel without a mail server.',
    ports: [1025, 8025]
  }
]

const without = (all: readonly string[], known: readonly string[]): string[] =>
  all.filter((one) => !known.includes(one))

/** Layers from what changes least to what changes most: Node; the packages nearly all share; a service's own. */
export async function nodeImages(options: {
  store: ImageStore
  repository: string
  prefix: string
  tag: string
  shapes?: readonly NodeShape[]
}): Promise<string[]> {
  const { store, repository, prefix, tag, shapes = nodeShapes } = options
  if (shapes.some(({ name }) => name === 'web')) await ensurePages(() => undefined)
  const node = join(repository, 'node_modules', 'node', 'bin', 'node')
  const { version } = JSON.parse(readFileSync(join(repository, 'node_modules', 'node', 'package.json'), 'utf8')) as {
    version: string
  }
  const lock = readFileSync(join(repository, 'package-lock.json'), 'utf8')
  const runtime = await store.layer(async (root) => {
    await putPrograms(root, { 'usr/bin/node': node })
    await putNames(root, { gavel: user })
  }, `node ${version} ${recipe}`)
  const shared = closureOf(repository, 'services/platform')
  const packages = await packagesLayer(store, repository, shared.packages, lock)
  const names: string[] = []
  for (const shape of shapes) {
    const closure = closureOf(repository, shape.folder)
    const own = without(closure.packages, shared.packages)
    const layers = [
      runtime,
      ...(closure.workspaces.includes('services/platform') ? [packages] : []),
      ...(own.length > 0 ? [await packagesLayer(store, repository, own, lock)] : []),
      await sourceLayer(store, repository, shape, closure)
    ]
    const description = describe(shape, layers, `${prefix}${shape.name}:${tag}`, tag)
    store.image(description)
    names.push(description.name)
  }
  return names
}

function packagesLayer(store: ImageStore, repository: string, paths: string[], lock: string): Promise<Descriptor> {
  return store.layer(
    async (root) => {
      for (const path of paths) {
        putPackage(root, join(repository, path), join('app', path))
        await putNativeLibraries(root, join(repository, path))
      }
    },
    `packages ${paths.join(' ')} ${lock} ${recipe}`
  )
}

function sourceLayer(store: ImageStore, repository: string, shape: NodeShape, closure: Closure): Promise<Descriptor> {
  return store.layer((root) => {
    for (const folder of closure.workspaces) {
      putWorkspace(root, repository, folder, folder === shape.folder ? shape.extras : [])
      const { name } = JSON.parse(readFileSync(join(repository, folder, 'package.json'), 'utf8')) as { name: string }
      link(root, join('..', '..', folder), join('app', 'node_modules', name))
    }
  })
}

const describe = (
  { name, folder, entry, doc, ports }: NodeShape,
  layers: readonly Descriptor[],
  reference: string,
  version: string
): ImageDescription => ({
  name: reference,
  layers,
  entrypoint: ['/usr/bin/node'],
  command: [`/app/${folder}/${entry}`],
  environment: { NODE_ENV: 'production' },
  user: `${user}:${user}`,
  directory: '/app',
  ports,
  labels: {
    'org.opencontainers.image.title': `gavel-${name}`,
    'org.opencontainers.image.description': doc,
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': 'Apache-2.0'
  }
})

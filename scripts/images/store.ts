import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { run } from '@gavel/standalone/install.ts'

/** What a registry and a container runtime call content: its type, its digest, its size. */
export interface Descriptor {
  mediaType: string
  digest: string
  size: number
}

export interface ImageDescription {
  /** The full reference, such as `gavel.dev/gavel-order:0.1.0`. */
  name: string
  layers: readonly Descriptor[]
  entrypoint?: readonly string[]
  command?: readonly string[]
  environment?: Readonly<Record<string, string>>
  user?: string
  directory?: string
  ports?: readonly number[]
  labels?: Readonly<Record<string, string>>
}

const layerType = 'application/vnd.oci.image.layer.v1.tar'
const configType = 'application/vnd.oci.image.config.v1+json'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const epoch = '1970-01-01T00:00:00Z'

/** Sorted, without times, owners and the mode bits of whoever built: the same files are the same bytes everywhere. */
const reproducible = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu']
const modes = ['--mode=u+rw,go-w,a+rX']

const architecture = process.arch === 'x64' ? 'amd64' : process.arch

/**
 * Images in the OCI layout, made from directories by `tar` and a digest alone: no daemon, no registry, no root. A layer that several images
 * have is kept once.
 */
export class ImageStore {
  readonly directory: string
  readonly #manifests = new Map<string, Descriptor>()

  constructor(directory: string) {
    this.directory = directory
    mkdirSync(join(directory, 'blobs', 'sha256'), { recursive: true })
    mkdirSync(join(directory, 'known'), { recursive: true })
  }

  /**
   * A layer from what `fill` puts into an empty directory.
   * @param key says what is in it: with a key that is known, nothing is filled again. Absent: always filled.
   */
  async layer(fill: (directory: string) => Promise<void> | void, key?: string): Promise<Descriptor> {
    const note = key === undefined ? undefined : join(this.directory, 'known', digestOf(key))
    const known = note && existsSync(note) ? (JSON.parse(readFileSync(note, 'utf8')) as Descriptor) : undefined
    if (known && existsSync(this.#blob(known.digest))) return known
    const work = join(this.directory, `work-${process.pid}-${Math.random().toString(36).slice(2)}`)
    const tree = join(work, 'tree')
    mkdirSync(tree, { recursive: true })
    try {
      await fill(tree)
      const tar = join(work, 'layer.tar')
      await run('tar', ['-C', tree, ...reproducible, ...modes, '-cf', tar, '.'])
      const layer = { mediaType: layerType, digest: `sha256:${await fileDigest(tar)}`, size: statSync(tar).size }
      renameSync(tar, this.#blob(layer.digest))
      if (note) writeFileSync(note, JSON.stringify(layer))
      return layer
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }

  image(description: ImageDescription): Descriptor {
    const {
      name,
      layers,
      entrypoint,
      command,
      environment = {},
      user,
      directory = '/',
      ports = [],
      labels
    } = description
    const config = this.#write(configType, {
      architecture,
      os: 'linux',
      created: epoch,
      config: {
        ...(user === undefined ? {} : { User: user }),
        ...(ports.length > 0 ? { ExposedPorts: Object.fromEntries(ports.map((port) => [`${port}/tcp`, {}])) } : {}),
        Env: Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', ...environment }).map(
          ([key, value]) => `${key}=${value}`
        ),
        ...(entrypoint ? { Entrypoint: entrypoint } : {}),
        ...(command ? { Cmd: command } : {}),
        WorkingDir: directory,
        ...(labels ? { Labels: labels } : {})
      },
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
      history: layers.map(() => ({ created: epoch, created_by: 'npm run images' }))
    })
    const manifest = this.#write(manifestType, { schemaVersion: 2, mediaType: manifestType, config, layers })
    this.#manifests.set(name, manifest)
    return manifest
  }

  /** The same layers under another name: another version, and another command where one is given. */
  variant(name: string, other: string, changes: { version: string; command?: readonly string[] }): void {
    const { config, layers } = this.#read<{ config: Descriptor; layers: Descriptor[] }>(this.#manifestOf(name).digest)
    const image = this.#read<{ config: { Cmd?: readonly string[]; Labels?: Record<string, string> } }>(config.digest)
    image.config.Labels = { ...image.config.Labels, 'org.opencontainers.image.version': changes.version }
    if (changes.command) image.config.Cmd = changes.command
    const written = this.#write(configType, image)
    const manifest = { schemaVersion: 2, mediaType: manifestType, config: written, layers }
    this.#manifests.set(other, this.#write(manifestType, manifest))
  }

  /** Bytes of an image as a runtime unpacks it. */
  sizeOf(name: string): number {
    const { layers } = this.#read<{ layers: Descriptor[] }>(this.#manifestOf(name).digest)
    return layers.reduce((total, { size }) => total + size, 0)
  }

  digestOf(name: string): string | undefined {
    return this.#manifests.get(name)?.digest
  }

  /** One archive of some images, with each blob in it once, that `ctr images import`, `nerdctl load` and `skopeo` read. */
  async archive(file: string, names: readonly string[]): Promise<void> {
    const manifests = names.map((name) => ({
      ...this.#manifestOf(name),
      annotations: {
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': name.slice(name.lastIndexOf(':') + 1)
      }
    }))
    const blobs = new Set(manifests.flatMap(({ digest }) => [digest, ...this.#namedBy(digest)]))
    const work = join(this.directory, `work-${process.pid}-archive`)
    mkdirSync(work, { recursive: true })
    try {
      writeFileSync(join(work, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
      writeFileSync(join(work, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
      const files = [...blobs].toSorted().map((digest) => join('blobs', digest.replace(':', '/')))
      await run('tar', [
        ...reproducible,
        '-cf',
        `${file}.partial`,
        '-C',
        work,
        'oci-layout',
        'index.json',
        '-C',
        this.directory,
        ...files
      ])
      renameSync(`${file}.partial`, file)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }

  #namedBy(digest: string): string[] {
    const { config, layers } = this.#read<{ config: Descriptor; layers: Descriptor[] }>(digest)
    return [config.digest, ...layers.map((layer) => layer.digest)]
  }

  #manifestOf(name: string): Descriptor {
    const manifest = this.#manifests.get(name)
    if (!manifest) throw new Error(`There is no image ${name}`)
    return manifest
  }

  #read<T>(digest: string): T {
    return JSON.parse(readFileSync(this.#blob(digest), 'utf8')) as T
  }

  #blob(digest: string): string {
    return join(this.directory, 'blobs', digest.replace(':', '/'))
  }

  #write(mediaType: string, content: unknown): Descriptor {
    const text = JSON.stringify(content)
    const digest = `sha256:${digestOf(text)}`
    writeFileSync(this.#blob(digest), text)
    return { mediaType, digest, size: Buffer.byteLength(text) }
  }
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex')

async function fileDigest(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { KubeObject } from '../../operator/src/kube/client.ts'
import type { PlatformResource } from '../../operator/src/controllers/platform/types.ts'
import { services } from '@gavel/contracts/services.ts'
import { repository } from '@gavel/standalone/config.ts'
import type { Cluster } from './cluster.ts'
import type { TestImages } from './test-images.ts'

const execute = promisify(execFile)
const namespace = 'gavel'
const nodePort = 30_080

/** What is installed by Helm in the test cluster, as the one who installs it sees it. */
export class Release {
  readonly cluster: Cluster
  readonly images: TestImages
  /** Of the gateway, from outside of the cluster. */
  readonly url: string
  /** Whether its next values let it be reached from outside, at `url`. */
  isOpen = false
  readonly #directory = mkdtempSync(join(tmpdir(), 'gavel-release-'))

  constructor(cluster: Cluster, images: TestImages) {
    this.cluster = cluster
    this.images = images
    this.url = `http://${cluster.address}:${nodePort}`
    symlinkSync(join(repository, 'charts'), join(this.#directory, 'charts'))
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true })
  }

  get #environment(): NodeJS.ProcessEnv {
    const { helm, kubernetes } = this.cluster.binaries
    return {
      ...process.env,
      PATH: [kubernetes, dirname(helm), process.env['PATH']].join(delimiter),
      KUBECONFIG: this.cluster.kubeconfig,
      HELM_CACHE_HOME: this.#directory
    }
  }

  async helm(...args: string[]): Promise<string> {
    const options = { cwd: this.#directory, env: this.#environment }
    const { stdout } = await execute('helm', [...args, '--namespace', namespace], options)
    return stdout
  }

  /** Runs the commands of a guide one after the other, in a folder with the chart in it, and answers with what they say. */
  async follow(commands: string, tag: string): Promise<string> {
    const script = withValues(commands, this.#values(tag))
    // What is begun in the background, such as a port that is forwarded, ends with the commands.
    const args = ['-ec', `trap 'kill $! 2>/dev/null || true' EXIT\n${script}`]
    const options = { cwd: this.#directory, env: this.#environment, maxBuffer: 64e6 }
    const { stdout } = await execute('sh', args, options).catch((error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\n${error.stdout ?? ''}`, { cause: error })
    })
    return stdout
  }

  kubectl(...args: string[]): Promise<string> {
    return this.cluster.kubectl('--namespace', namespace, ...args)
  }

  /** `helm upgrade` to a version of the images. */
  async upgrade(tag: string, more: string[] = []): Promise<string> {
    return this.helm('upgrade', 'gavel', 'charts/gavel', '--values', this.#values(tag), ...more)
  }

  #values(tag: string): string {
    const file = join(this.#directory, `values-${tag}.json`)
    const values = {
      ...valuesFor(this.images, tag),
      ...(this.isOpen ? { exposure: { service: { type: 'NodePort', nodePort } } } : {})
    }
    writeFileSync(file, JSON.stringify(values))
    return file
  }

  async platform(): Promise<PlatformResource> {
    return JSON.parse(await this.kubectl('get', 'platform', 'gavel', '-o', 'json')) as PlatformResource
  }

  async list(kinds: string, selector?: string): Promise<KubeObject[]> {
    const labels = selector === undefined ? [] : ['-l', selector]
    const text = await this.kubectl('get', kinds, '-o', 'json', ...labels)
    return (JSON.parse(text) as { items: KubeObject[] }).items
  }

  /** A value of a Secret, as an administrator reads it. */
  async secret(name: string, key: string): Promise<string> {
    const text = await this.kubectl('get', 'secret', name, '-o', `jsonpath={.data.${key}}`)
    return Buffer.from(text, 'base64').toString()
  }

  /** Why the platform is as it is, in one line. */
  async state(): Promise<{ ready: boolean; version: string | undefined; said: string }> {
    const { status } = await this.platform()
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    return { ready: ready?.status === 'True', version: status?.version, said: `${ready?.reason}: ${ready?.message}` }
  }
}

/** All that is added to a guide's commands here: where a machine without a registry has its images, and how small two cores want it. */
const withValues = (commands: string, file: string): string =>
  commands.replaceAll(/^helm (?:install|upgrade) .*$/gm, (line) => `${line} --values ${file}`)

/** Small enough for two cores: one pod of each, and requests that say nothing of what a real platform needs. */
const small = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '512Mi' } }
const backend = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '1Gi' } }
const unlimited = { perSecond: 1_000_000, burst: 1_000_000 }

const valuesFor = ({ prefix, backends }: TestImages, tag: string) => ({
  image: { prefix, tag, pullPolicy: 'Never' },
  backends: {
    dev: {
      ...Object.fromEntries(
        (['kafka', 'mongodb', 'postgres', 'redis'] as const).map((name) => [
          name,
          { image: backends[name], resources: backend }
        ])
      ),
      paymentProvider: { resources: small },
      mailbox: { resources: small }
    }
  },
  // Of all it must not starve: who cannot renew the lease in time ends.
  operator: { resources: { requests: { cpu: '500m', memory: '64Mi' }, limits: { memory: '512Mi' } } },
  platform: {
    spec: {
      gateway: {
        image: backends.envoy,
        replicas: 1,
        resources: small,
        rateLimits: { perAddress: unlimited, perUser: unlimited, passwordsPerAddress: unlimited }
      },
      scaling: { bidsPerReplica: 5 },
      services: Object.fromEntries(
        services.map(({ name }) => [
          name,
          name === 'bidding'
            ? { replicas: 2, replicasMax: 3, resources: small }
            : { replicas: 1, replicasMax: 1, resources: small }
        ])
      )
    }
  }
})

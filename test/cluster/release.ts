import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  readonly #directory = mkdtempSync(join(tmpdir(), 'gavel-release-'))

  constructor(cluster: Cluster, images: TestImages) {
    this.cluster = cluster
    this.images = images
    this.url = `http://${cluster.address}:${nodePort}`
  }

  async createNamespace(): Promise<void> {
    await this.cluster.kubectl('create', 'namespace', namespace)
    await this.cluster.kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted')
  }

  async helm(...args: string[]): Promise<string> {
    const env = { ...process.env, KUBECONFIG: this.cluster.kubeconfig, HELM_CACHE_HOME: this.#directory }
    const { stdout } = await execute(this.cluster.binaries.helm, [...args, '--namespace', namespace], { env })
    return stdout
  }

  kubectl(...args: string[]): Promise<string> {
    return this.cluster.kubectl('--namespace', namespace, ...args)
  }

  /** `helm install` or `helm upgrade` with a version of the images. */
  async put(verb: 'install' | 'upgrade', tag: string, more: string[] = []): Promise<string> {
    const values = join(this.#directory, 'values.json')
    writeFileSync(values, JSON.stringify(valuesFor(this.images, tag)))
    const chart = join(repository, 'charts', 'gavel')
    return this.helm(verb, 'gavel', chart, '--values', values, ...more)
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
  exposure: { service: { type: 'NodePort', nodePort } },
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

import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { once } from '@gavel/standalone/install.ts'
import { go, telling, type Progress } from './go.ts'
import { kubernetesBinaries } from './kubernetes-binaries.ts'

export interface ClusterBinaries {
  /** etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy and kubectl. */
  kubernetes: string
  cni: string
  coredns: string
  helm: string
  pause: string
}

interface Module {
  what: string
  /** Packages of it; the module itself when absent. */
  packages?: string[]
  stamps?: string
}

const plugins = 'github.com/containernetworking/plugins/plugins'
const modules = {
  cni: {
    what: 'the network plugins',
    packages: [
      `${plugins}/main/bridge`,
      `${plugins}/main/loopback`,
      `${plugins}/ipam/host-local`,
      `${plugins}/meta/portmap`
    ]
  },
  coredns: { what: 'CoreDNS' },
  helm: {
    what: 'Helm',
    packages: ['helm.sh/helm/v3/cmd/helm'],
    // Without the last two it takes an old Kubernetes for granted when it renders a chart without a cluster.
    stamps: [
      'internal/version.version=v3.18.6',
      'pkg/chartutil.k8sVersionMajor=1',
      'pkg/chartutil.k8sVersionMinor=33',
      'pkg/lint/rules.k8sVersionMajor=1',
      'pkg/lint/rules.k8sVersionMinor=33'
    ]
      .map((stamp) => `-X helm.sh/helm/v3/${stamp}`)
      .join(' ')
  },
  pause: { what: 'pause' },
  tiltfile: { what: 'the interpreter of the Tiltfile' }
} satisfies Record<string, Module>

/** Everything that a cluster is made of beside containerd and runc: found in the cache, or built from Go modules, one after the other. */
export async function clusterBinaries(cache: string, log: Progress): Promise<ClusterBinaries> {
  const { directory: kubernetes } = await kubernetesBinaries({ cache, log })
  const built = {} as Record<keyof typeof modules, string>
  for (const name of ['cni', 'coredns', 'helm', 'pause'] as const) built[name] = await build(cache, name, log)
  const { cni, coredns, helm, pause } = built
  return { kubernetes, cni, coredns: join(coredns, 'dns'), helm: join(helm, 'helm'), pause: join(pause, 'pause') }
}

/** Helm alone, for checking charts. */
export const helmBinary = async (cache: string, log: Progress): Promise<string> =>
  join(await build(cache, 'helm', log), 'helm')

/** Runs a Tiltfile with Tilt's own functions stubbed. */
export const tiltfileBinary = async (cache: string, log: Progress): Promise<string> =>
  join(await build(cache, 'tiltfile', log), 'tiltfile')

function build(cache: string, name: keyof typeof modules, log: Progress): Promise<string> {
  const source = join(import.meta.dirname, 'modules', name)
  const module: Module = modules[name]
  const hash = createHash('sha256').update(JSON.stringify(module))
  for (const file of readdirSync(source).toSorted()) hash.update(file).update(readFileSync(join(source, file)))
  const place = `cluster-${name}-${hash.digest('hex').slice(0, 12)}`
  if (existsSync(join(cache, place))) return Promise.resolve(join(cache, place))
  return once(cache, place, (directory) =>
    telling(module.what, log, async () => {
      const work = join(directory, 'source')
      cpSync(source, work, { recursive: true })
      const flags = ['-trimpath', '-ldflags', `-s -w ${module.stamps ?? ''}`.trim()]
      await go(['build', ...flags, '-o', `${directory}/`, ...(module.packages ?? ['.'])], work)
    })
  )
}

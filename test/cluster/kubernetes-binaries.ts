import { createHash } from 'node:crypto'
import { chmod, cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { go, telling } from './go.ts'

/** The Kubernetes the tests run against. Its own go.mod decides every third-party version. */
export const kubernetesVersion = 'v1.33.13'
const stagingVersion = kubernetesVersion.replace(/^v1\./, 'v0.')
const components = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
  'kubectl'
]

export interface KubernetesBinaries {
  directory: string
  etcd: string
  apiServer: string
  kubectl: string
}

const named = (directory: string): KubernetesBinaries => ({
  directory,
  etcd: join(directory, 'etcd'),
  apiServer: join(directory, 'kube-apiserver'),
  kubectl: join(directory, 'kubectl')
})

/**
 * Finds the binaries in `KUBEBUILDER_ASSETS`, or in the cache, or builds them from Go modules (about nine minutes of CPU the first time,
 * nothing afterwards). The build's cache key is the version and the source.
 */
export async function kubernetesBinaries(options: {
  cache: string
  log?: (line: string) => void
}): Promise<KubernetesBinaries> {
  const given = process.env['KUBEBUILDER_ASSETS']
  if (given !== undefined && given !== '') return named(given)
  const log = options.log ?? ((line: string) => console.log(line))
  const source = await readFile(join(import.meta.dirname, 'kubeone', 'main.go'), 'utf8')
  const key = createHash('sha256').update(kubernetesVersion).update(source).digest('hex').slice(0, 12)
  const directory = join(options.cache, `kubernetes-${kubernetesVersion}-${key}`)
  if (existsSync(join(directory, 'kubectl'))) return named(directory)
  await build(source, directory, log)
  return named(directory)
}

async function build(source: string, directory: string, log: (line: string) => void): Promise<void> {
  const work = `${directory}.building`
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  log(`fetching the modules of Kubernetes ${kubernetesVersion}; building it takes several minutes`)
  const download = JSON.parse(
    await go(['mod', 'download', '-json', `k8s.io/kubernetes@${kubernetesVersion}`], work)
  ) as { Dir: string }
  const upstream = await readFile(join(download.Dir, 'go.mod'), 'utf8')
  const goMod = upstream
    .replace(/^module .*/m, 'module kubeone')
    .replace(/=> \.\/staging\/src\/(k8s\.io\/[a-z0-9-]*)/g, `=> $1 ${stagingVersion}`)
  await writeFile(join(work, 'go.mod'), `${goMod}\nrequire k8s.io/kubernetes ${kubernetesVersion}\n`)
  await cp(join(download.Dir, 'go.sum'), join(work, 'go.sum'))
  await chmod(join(work, 'go.sum'), 0o644)
  await writeFile(join(work, 'main.go'), source)
  await go(['mod', 'download', 'k8s.io/kubernetes'], work)
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((name) => [
    `-X ${name}.gitVersion=${kubernetesVersion}`,
    `-X ${name}.gitMajor=1`,
    `-X ${name}.gitMinor=${kubernetesVersion.split('.')[1]}`,
    `-X ${name}.gitTreeState=archive`,
    `-X ${name}.buildDate=2026-01-01T00:00:00Z`
  ])
  const flags = ['-trimpath', '-ldflags', `-s -w ${stamps.join(' ')}`]
  await telling(`Kubernetes ${kubernetesVersion}`, log, () => go(['build', ...flags, '-o', 'kubeone', '.'], work))
  for (const component of components) await symlink('kubeone', join(work, component))
  await rename(work, directory)
}

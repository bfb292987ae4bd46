import { spawn } from 'node:child_process'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { StartFailure } from '@gavel/standalone/failure.ts'
import { run, type Progress } from '@gavel/standalone/install.ts'
import { clusterBinaries, type ClusterBinaries } from './cluster-binaries.ts'
import { writeNodeFiles, type NodePlan } from './node-files.ts'
import { Pki } from './pki.ts'
import { requireClusterHost } from './prerequisites.ts'
import { applyCoreDns, registerNode, waitForDns } from './system.ts'
import { systemArchive } from './system-images.ts'

export interface ClusterOptions {
  cache: string
  /** Holds all of it: certificates, etcd, containers, logs. */
  directory: string
  nodes?: number
  /** Names the bridge and the cgroups; with a name and a network of its own each, two clusters run side by side. */
  name?: string
  /** The first three numbers of the nodes' addresses. */
  network?: string
  progress: Progress
}

export interface Cluster {
  kubeconfig: string
  /** Of the first node: where a NodePort is reached from this machine. */
  address: string
  /** Of all nodes. */
  addresses: string[]
  binaries: ClusterBinaries
  kubectl(...args: string[]): Promise<string>
  /** Gives every node the images of an archive. */
  load(archive: string): Promise<void>
  stop(): Promise<void>
}

const init = join(import.meta.dirname, 'node-init.sh')
/** As much as twenty processes that are in no group. */
const cpuShares = 20 * 1024
const hostSettings = [
  'vm.overcommit_memory',
  'vm.panic_on_oom',
  'kernel.panic',
  'kernel.panic_on_oops',
  'kernel.keys.root_maxkeys',
  'kernel.keys.root_maxbytes'
]

/**
 * A real Kubernetes on this machine: each node is a tree of processes in namespaces of its own, so that ending its first one ends all of it.
 * The host has a bridge and the cgroups, and nothing listens on it.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { cache, directory, nodes = 1, name = 'gavel', network = '10.99.0', progress } = options
  await requireClusterHost(progress)
  const binaries = await clusterBinaries(cache, progress)
  mkdirSync(directory, { recursive: true })
  await keepHostSettings(directory)
  writeFileSync(join(directory, 'cluster.json'), JSON.stringify({ name, startedBy: process.pid }))
  const address = `${network}.2`
  const pki = new Pki(join(directory, 'pki'), `https://${address}:6443`)
  await pki.controlPlane(address)
  await makeBridge(name, network)
  const kubeconfig = pki.path('admin.kubeconfig')
  const kubectl = (...args: string[]): Promise<string> =>
    run(join(binaries.kubernetes, 'kubectl'), ['--kubeconfig', kubeconfig, ...args], { timeoutMs: 300_000 })
  const plans = Array.from({ length: nodes }, (_, at) => planNode(options, at + 2, name, network, binaries))
  const load = async (archive: string): Promise<void> => {
    await Promise.all(plans.map((plan) => onNode(plan, ['ctr', '-n', 'k8s.io', 'images', 'import', archive])))
  }
  const stop = (): Promise<void> => stopCluster(directory)
  try {
    const archive = await systemArchive(cache, binaries)
    for (const plan of plans) {
      await pki.node(plan.name, plan.address)
      writeNodeFiles(plan)
      await startNode(plan, name, binaries)
    }
    for (const plan of plans)
      await within(60_000, `containerd of ${plan.name}`, plan, () => onNode(plan, ['ctr', 'version']))
    await load(archive)
    await within(120_000, 'the API server', plans[0]!, () => kubectl('get', '--raw', '/readyz'))
    progress('the API server answers')
    for (const plan of plans) await within(120_000, plan.name, plan, () => registerNode(kubectl, plan))
    progress(`${nodes === 1 ? 'the node is' : `${nodes} nodes are`} ready`)
    await applyCoreDns(kubectl, directory)
    await within(120_000, 'DNS', plans[0]!, () => waitForDns(kubectl))
    progress('names are found')
  } catch (error) {
    await stopCluster(directory, { keepLogs: true })
    throw error
  }
  return {
    kubeconfig,
    address,
    addresses: plans.map((plan) => plan.address),
    binaries,
    kubectl,
    load,
    stop
  }
}

function planNode(
  options: ClusterOptions,
  index: number,
  name: string,
  network: string,
  binaries: ClusterBinaries
): NodePlan {
  const node = `node${index - 1}`
  return {
    name: node,
    index,
    address: `${network}.${index}`,
    role: index === 2 ? 'control' : 'worker',
    directory: join(options.directory, node),
    cgroup: `/${name}-cluster/${node}`,
    pki: join(options.directory, 'pki'),
    cni: binaries.cni
  }
}

async function startNode(plan: NodePlan, name: string, binaries: ClusterBinaries): Promise<void> {
  makeCgroups(plan.cgroup)
  mkdirSync('/var/lib/cni', { recursive: true })
  const log = openSync(join(plan.directory, 'log', 'init.log'), 'a')
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--ipc', '--uts', '--mount-proc', '--kill-child']
  const args = [binaries.kubernetes, plan.directory, plan.pki, plan.name, plan.address, String(plan.index), plan.role]
  // It outlives this process; `cluster:down` finds it by the number it leaves.
  const child = spawn('unshare', [...namespaces, init, ...args], { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  child.unref()
  const first = await within(10_000, `the first process of ${plan.name}`, plan, () => {
    const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
    if (children === '') throw new Error('not there yet')
    return Promise.resolve(children.split(' ')[0]!)
  })
  writeFileSync(join(plan.directory, 'init.pid'), first)
  const veth = `${name}${plan.index}`
  await run('ip', ['link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', first])
  await run('ip', ['link', 'set', veth, 'master', bridgeOf(name), 'up'])
}

/** Runs a command on a node: in its network, with its mounts, among its processes. */
export function onNode({ directory }: Pick<NodePlan, 'directory'>, command: string[]): Promise<string> {
  const first = readFileSync(join(directory, 'init.pid'), 'utf8')
  return run('nsenter', ['-t', first, '-n', '-m', '-p', '-i', '-u', '--', ...command])
}

const bridgeOf = (name: string): string => `${name}-br`

async function makeBridge(name: string, network: string): Promise<void> {
  const bridge = bridgeOf(name)
  if (existsSync(`/sys/class/net/${bridge}`)) {
    throw new StartFailure(`A cluster named ${name} is up already; \`npm run cluster:down\` ends it.`)
  }
  await run('ip', ['link', 'add', bridge, 'type', 'bridge'])
  await run('ip', ['addr', 'add', `${network}.1/24`, 'dev', bridge])
  await run('ip', ['link', 'set', bridge, 'up'])
}

/** A group of the node's own in every hierarchy; a new cpuset is empty and would hold nobody. */
function makeCgroups(cgroup: string): void {
  for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
    const root = join('/sys/fs/cgroup', hierarchy)
    if (!existsSync(join(root, 'cgroup.procs')) || existsSync(join(root, 'cgroup.controllers'))) continue
    let at = root
    for (const part of cgroup.split('/').filter(Boolean)) {
      at = join(at, part)
      mkdirSync(at, { recursive: true })
      // A group weighs as much as one process outside of it, however many are in it; a busy machine would starve them.
      if (existsSync(join(at, 'cpu.shares'))) writeFileSync(join(at, 'cpu.shares'), String(cpuShares))
      if (hierarchy !== 'cpuset') continue
      for (const file of ['cpuset.cpus', 'cpuset.mems']) writeFileSync(join(at, file), readFileSync(join(root, file)))
    }
  }
}

/** A kubelet changes some settings of the whole host; they are put back at the end. */
async function keepHostSettings(directory: string): Promise<void> {
  const file = join(directory, 'sysctl.before')
  if (!existsSync(file)) writeFileSync(file, await run('sysctl', ['-e', ...hostSettings]).catch(() => ''))
}

/** Ends what a run that was killed has left in a place that only one run uses at a time. */
export async function clearAbandoned(directory: string): Promise<void> {
  const description = join(directory, 'cluster.json')
  if (!existsSync(description)) return
  const { startedBy } = JSON.parse(readFileSync(description, 'utf8')) as { startedBy: number }
  if (existsSync(`/proc/${startedBy}`)) {
    throw new StartFailure(`Process ${startedBy} uses the test cluster in ${directory}; wait for its end.`)
  }
  await stopCluster(directory)
}

/** Ends a cluster and removes all that it has left on this machine. */
export async function stopCluster(directory: string, { keepLogs = false } = {}): Promise<void> {
  const description = join(directory, 'cluster.json')
  if (!existsSync(description)) return
  const { name } = JSON.parse(readFileSync(description, 'utf8')) as { name: string }
  const nodes = readdirSync(directory).filter((entry) => /^node\d+$/.test(entry))
  await Promise.all(nodes.map((node) => endNode(join(directory, node))))
  // A node's own end of its link goes with its network, and connections that wait for an answer hold that for minutes.
  const links = readdirSync('/sys/class/net').filter((link) => new RegExp(`^${name}(\\d+|-br)$`).test(link))
  for (const link of links) await run('ip', ['link', 'del', link]).catch(() => '')
  const settings = join(directory, 'sysctl.before')
  if (existsSync(settings)) await run('sysctl', ['-q', '-p', settings]).catch(() => '')
  for (const hierarchy of readdirSync('/sys/fs/cgroup'))
    removeCgroup(join('/sys/fs/cgroup', hierarchy, `${name}-cluster`))
  const logs = keepLogs ? nodes.map((node) => join(directory, node, 'log')) : []
  for (const log of logs)
    cpSync(log, join(`${directory}-failed`, basename(dirname(log))), { recursive: true, force: true })
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
}

async function endNode(directory: string): Promise<void> {
  const file = join(directory, 'init.pid')
  if (!existsSync(file)) return
  const first = Number(readFileSync(file, 'utf8'))
  const isOurs = (): boolean => {
    try {
      return readFileSync(`/proc/${first}/cmdline`, 'utf8').includes('node-init.sh')
    } catch {
      return false
    }
  }
  for (let attempt = 0; isOurs(); attempt += 1) {
    process.kill(first, attempt < 30 ? 'SIGTERM' : 'SIGKILL')
    await delay(100)
  }
  // The processes are gone at once, their groups a moment later.
  for (let attempt = 0; attempt < 50 && existsSync(`/proc/${first}`); attempt += 1) await delay(100)
}

function removeCgroup(directory: string): void {
  if (!existsSync(directory)) return
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeCgroup(join(directory, entry.name))
  }
  try {
    rmdirSync(directory)
  } catch {
    // Somebody is still in it; the next cluster of this name uses it again.
  }
}

async function within<T>(boundMs: number, what: string, plan: NodePlan, check: () => Promise<T>): Promise<T> {
  const end = performance.now() + boundMs
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > end) {
        throw new StartFailure(
          `${what} was not there within ${boundMs / 1000} s: ${(error as Error).message}\nSee ${dirname(plan.directory)}-failed.`
        )
      }
      await delay(100)
    }
  }
}

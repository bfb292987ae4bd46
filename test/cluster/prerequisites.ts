import { existsSync, readFileSync } from 'node:fs'
import { StartFailure } from '@gavel/standalone/failure.ts'
import { debianPackage, findProgram, isRoot, type Progress } from '@gavel/standalone/install.ts'

const places = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']

/** A program of the host, and the Debian package that has it. */
const programs: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  nft: 'nftables',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  openssl: 'openssl',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  sysctl: 'procps',
  go: 'golang-go'
}

/** Ends with one sentence where this machine cannot run a cluster; installs what Debian has. */
export async function requireClusterHost(progress: Progress): Promise<void> {
  if (process.platform !== 'linux') throw new StartFailure(`The test cluster runs on Linux only.`)
  if (!isRoot()) throw new StartFailure(`The test cluster needs root for its namespaces: run it with sudo.`)
  for (const controller of ['cpu', 'cpuset', 'memory', 'pids']) {
    if (existsSync(`/sys/fs/cgroup/${controller}`)) continue
    throw new StartFailure(
      `The test cluster needs cgroup v1 with the controller ${controller}: start Linux with systemd.unified_cgroup_hierarchy=0.`
    )
  }
  if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay')) {
    throw new StartFailure(`The test cluster needs overlayfs: load it with \`modprobe overlay\`.`)
  }
  const there = (program: string): boolean => findProgram(program, places) !== undefined
  for (const name of new Set(
    Object.entries(programs)
      .filter(([program]) => !there(program))
      .map(([, of]) => of)
  )) {
    if (name !== 'golang-go') await debianPackage(name, progress).catch(() => false)
  }
  const missing = Object.entries(programs).filter(([program]) => !there(program))
  if (missing.length === 0) return
  const packages = [...new Set(missing.map(([, name]) => name))].join(' ')
  throw new StartFailure(
    `The test cluster needs ${missing.map(([program]) => program).join(', ')}. Install them: apt-get install ${packages}`
  )
}

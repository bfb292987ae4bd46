import { readdirSync, readFileSync } from 'node:fs'

/** Resident memory of a process in MiB. NaN where there is no /proc, or no such process. */
export const residentMebibytes = (pid: number): number => mebibytesIn(`/proc/${pid}/status`, 'VmRSS')

/** A process's share of memory: what it shares with others counts by how many share it. */
const proportionalMebibytes = (pid: number): number => mebibytesIn(`/proc/${pid}/smaps_rollup`, 'Pss')

function mebibytesIn(file: string, name: string): number {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(file, 'utf8'))?.[1]) / 1024
  } catch {
    return Number.NaN
  }
}

type Process = { pid: number; parent: number; command: string }

function everyProcess(): Process[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
      return [{ pid: Number(name), parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]), command }]
    } catch {
      // It ended meanwhile.
      return []
    }
  })
}

/** What a process of the platform is called. */
const names: readonly [RegExp, (found: RegExpExecArray) => string][] = [
  [/services\/standalone\/src\/main\.ts/, () => 'npm start itself'],
  [/services\/standalone\/src\/inbox\/main\.ts/, () => 'mail inbox'],
  [/services\/payment\/src\/sandbox\/main\.ts/, () => 'payment sandbox'],
  [/services\/([a-z]+)\/src\/main\.ts/, (found) => found[1]!],
  [/^\S*java /, () => 'Kafka'],
  [/mongod /, () => 'MongoDB'],
  [/postgres/, () => 'PostgreSQL'],
  [/redis-server/, () => 'Redis'],
  [/envoy/, () => 'Envoy']
]

function nameOf(command: string): string | undefined {
  for (const [pattern, name] of names) {
    const found = pattern.exec(command)
    if (found) return name(found)
  }
  return undefined
}

/**
 * MiB by name of everything that a process started, and of what those started: resident memory, and of PostgreSQL, which is many processes
 * over one shared memory, the sum of their shares.
 */
export function memoryBelow(root: number): Map<string, number> {
  const processes = everyProcess()
  const children = Map.groupBy(processes, ({ parent }) => parent)
  const memory = new Map<string, number>()
  const visit = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      const name = nameOf(child.command)
      if (name !== undefined) {
        const own = name === 'PostgreSQL' ? proportionalMebibytes(child.pid) : residentMebibytes(child.pid)
        memory.set(name, (memory.get(name) ?? 0) + own)
      }
      visit(child.pid)
    }
  }
  visit(root)
  return memory
}

import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Path } from './stage.ts'

/**
 * Runs one of the generators in a process of its own, so that its work is on another core than the server's and can be told apart. The
 * order goes by file, because the tokens alone are more than an argument may hold; what it measured is its last line.
 */
export async function runGenerator<Answer>(
  program: string,
  orderFile: string,
  order: object,
  boundMs: number
): Promise<Answer> {
  writeFileSync(orderFile, JSON.stringify(order))
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, program), orderFile], {
    timeout: boundMs,
    maxBuffer: 64 * 1024 * 1024
  })
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Answer
}

/** Files, connections among them, that one process may have open. Infinite where the machine does not say. */
export function openFilesMost(): number {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return found ? Number(found[1]) : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/**
 * Runs a command with as many open files as a gateway with ten thousand connections to each side needs. Only root may go above what the
 * machine allows; others go as far as they may.
 */
export const withOpenFiles = 'ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$@"'

/** Besides the connections of a measurement, a process has logs, stores and libraries open. */
const filesBesides = 500

/** Whether the machine lets one process have so many connections; says so where not. A gateway has one to each side. */
export function isAllowed(connections: number, path: Path, note: (sentence: string) => void): boolean {
  const most = openFilesMost()
  const needed = connections * (path === 'gateway' ? 2 : 1) + filesBesides
  if (needed <= most) return true
  const where = path === 'gateway' ? 'through Envoy' : 'direct'
  note(
    `${connections.toLocaleString('en')} connections ${where} were not measured: a process would need ${needed} open files and may have ${most} here.`
  )
  return false
}

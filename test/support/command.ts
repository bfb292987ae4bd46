import { execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { readDirectories, repository } from '@gavel/standalone/config.ts'
import { portTable } from '@gavel/standalone/port-table.ts'
import { isListening } from '@gavel/standalone/ports.ts'
import { backendVariables } from './backends.ts'
import { eventually } from './eventually.ts'

export type Command = {
  /** The launcher, as npm starts it. */
  pid: number
  output(): string
  signal(signal: NodeJS.Signals): void
  exited: Promise<number | null>
  /** Waits for these words, or fails with what was printed instead. */
  says(words: string): Promise<void>
  /** Everything below the launcher, by the kernel's own account. */
  descendants(): number[]
}

/** A base below which no port of a platform is in use at this moment. */
export async function freePortBase(): Promise<number> {
  return eventually(async () => {
    const base = randomInt(200, 310) * 100
    const ports = Object.values(portTable({})).map(({ offset }) => base + offset)
    const taken = await Promise.all(ports.map(isListening))
    return !taken.includes(true) && base
  })
}

function parents(): Map<number, number> {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=']).toString().trim().split('\n')
  return new Map(lines.map((line) => line.trim().split(/\s+/).map(Number) as [number, number]))
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // A dead process that nobody has waited for yet still has a number.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)])
      .toString()
      .startsWith('Z')
  } catch {
    return false
  }
}

export type CommandOptions = { home: string; portBase: number; args?: string[]; env?: Record<string, string> }

/** `npm start` as a person runs it, but with ports and a folder of its own. */
export function startCommand({ home, portBase, args = [], env = {} }: CommandOptions): Command {
  const base = { ...process.env, GAVEL_DIRECTORY: home, GAVEL_CACHE: readDirectories().cache, GAVEL_DURABLE: 'false' }
  for (const variable of Object.values(backendVariables)) delete (base as NodeJS.ProcessEnv)[variable]
  const ports = { GAVEL_PORT: String(portBase + 80), GAVEL_INTERNAL_PORT_BASE: String(portBase) }
  const child = spawn(process.execPath, [join(repository, 'scripts', 'run.mjs'), 'start', ...args], {
    env: { ...base, ...ports, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (printed += part.toString()))
  let ended = false
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      ended = true
      resolve(code)
    })
  })
  const says = async (words: string): Promise<void> => {
    await eventually(() => printed.includes(words) || ended, {
      withinMs: 120_000,
      what: `"${words}" after:\n${printed}`
    })
    if (!printed.includes(words)) throw new Error(`The command ended without saying "${words}". It said:\n${printed}`)
  }
  const descendants = (): number[] => {
    const parentOf = parents()
    const below = (pid: number): boolean => {
      const parent = parentOf.get(pid)
      return parent === child.pid || (parent !== undefined && parent > 1 && below(parent))
    }
    return [...parentOf.keys()].filter(below)
  }
  return { pid: child.pid!, output: () => printed, signal: (signal) => child.kill(signal), exited, says, descendants }
}

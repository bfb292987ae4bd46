import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartFailure } from './failure.ts'
import { forget, reapWithMe } from './reaper.ts'

export type Exit = { code: number | null; signal: NodeJS.Signals | null }

export type ChildOptions = {
  name: string
  command: string
  args: string[]
  logFile: string
  env?: NodeJS.ProcessEnv
  directory?: string
  /** Run as this user; only root may ask for it. */
  user?: { uid: number; gid: number }
  /** The signal that ends it in good order. */
  stopSignal?: NodeJS.Signals
}

export type Child = {
  name: string
  pid: number
  logFile: string
  exited: Promise<Exit>
  hasExited(): boolean
  kill(signal: NodeJS.Signals): void
  /** Asks it to end, and makes it end when it has not within the bound. */
  stop(boundMs?: number): Promise<Exit>
}

const living = new Set<Child>()

let closed = false

/** For an end in the middle of a start, when it is not yet known who belongs to whom. Nothing is started after it. */
export async function stopAllChildren(boundMs: number): Promise<void> {
  closed = true
  await Promise.all([...living].map((child) => child.stop(boundMs)))
}

const logLimitBytes = 20 * 1024 * 1024

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true })
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (size > logLimitBytes) renameSync(file, `${file}.1`)
  return openSync(file, 'a')
}

/** Starts a process in a group of its own, so that Ctrl-C reaches it only through us, in our order. */
export function startChild(options: ChildOptions): Child {
  const { name, command, args, logFile, stopSignal = 'SIGTERM' } = options
  if (closed) throw new StartFailure(`${name} is not started any more.`)
  const log = openLog(logFile)
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    ...(options.env && { env: options.env }),
    ...(options.directory && { cwd: options.directory }),
    ...options.user
  })
  closeSync(log)
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
  const pid = child.pid
  if (pid === undefined) throw new StartFailure(`${name} could not be started: ${command} cannot be run.`)
  reapWithMe(pid, stopSignal)
  let ended = false
  void exited.then(() => {
    ended = true
    living.delete(self)
    forget(pid)
  })
  const kill = (signal: NodeJS.Signals): void => {
    if (ended) return
    try {
      process.kill(-pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  const stop = async (boundMs = 15_000): Promise<Exit> => {
    kill(stopSignal)
    const hurry = setTimeout(() => kill('SIGKILL'), boundMs)
    try {
      return await exited
    } finally {
      clearTimeout(hurry)
    }
  }
  const self: Child = { name, pid, logFile, exited, hasExited: () => ended, kill, stop }
  living.add(self)
  return self
}

/** The end of a log file, for a message about a process that would not start. */
export function lastLines(file: string, count = 12): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}

import type { Child } from '../child.ts'

/** Where things are kept: what is downloaded, what is stored, what is logged. */
export type Directories = { cache: string; data: string; logs: string }

export type BackendOptions = {
  directories: Directories
  port: number
  /** False trades durability for speed, for tests whose data nobody will miss. */
  durable?: boolean
  progress?: (line: string) => void
}

/** A backend process of ours, ready to be used. */
export type RunningBackend = {
  name: string
  url: string
  port: number
  pid: number
  child: Child
  stop(): Promise<void>
  kill(signal: NodeJS.Signals): void
}

export function running(child: Child, url: string, port: number): RunningBackend {
  return {
    name: child.name,
    url,
    port,
    pid: child.pid,
    child,
    stop: async () => void (await child.stop()),
    kill: (signal) => child.kill(signal)
  }
}

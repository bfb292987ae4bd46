import { setTimeout as delay } from 'node:timers/promises'
import type { Child, Exit } from './child.ts'
import { describeFailure } from './failure.ts'
import type { Progress } from './install.ts'

export type PartOptions = {
  /** As the person at the keyboard reads it. */
  title: string
  /** Starts the process and settles when it is ready. */
  launch: () => Promise<Child>
  /** Start it again when it ends by itself. */
  restart: boolean
  say: Progress
  stopBoundMs?: number
}

/** One process of the platform: it can be stopped, killed and started again alone, and comes back when it dies by itself. */
export type Part = {
  title: string
  pid(): number | undefined
  start(): Promise<void>
  stop(): Promise<void>
  /** SIGKILL ends it without a chance to clean up and leaves it ended; SIGSTOP and SIGCONT freeze and thaw it. */
  kill(signal: NodeJS.Signals): Promise<void>
}

const backOffMs = { first: 250, most: 10_000 }
/** Having been up this long, a process that ends again is a new story. */
const settledMs = 30_000
const survivable = new Set<NodeJS.Signals>(['SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2', 'SIGHUP'])

const inWords = ({ code, signal }: Exit): string => (signal ? `by ${signal}` : `with code ${code}`)

export function createPart({ title, launch, restart, say, stopBoundMs = 10_000 }: PartOptions): Part {
  let child: Child | undefined
  let starting: Promise<void> | undefined
  let wanted = false
  let waiting: AbortController | undefined

  const up = async (): Promise<void> => {
    const started = await launch()
    child = started
    const since = performance.now()
    void started.exited.then((exit) => ended(started, exit, performance.now() - since))
  }
  let failures = 0
  const ended = async (which: Child, exit: Exit, upMs: number): Promise<void> => {
    if (child === which) child = undefined
    if (!wanted || !restart) return
    failures = upMs > settledMs ? 1 : failures + 1
    say(`${title} ended ${inWords(exit)}; its log is ${which.logFile}.`)
    await comeBack()
  }
  const comeBack = async (): Promise<void> => {
    while (wanted) {
      const pauseMs = Math.min(backOffMs.first * 2 ** (failures - 1), backOffMs.most)
      waiting = new AbortController()
      await delay(pauseMs, undefined, { signal: waiting.signal }).catch(() => undefined)
      waiting = undefined
      if (!wanted || child || starting) return
      try {
        starting = up()
        await starting
        say(`${title} is up again.`)
        return
      } catch (error) {
        failures += 1
        say(`${title} did not come up again: ${describeFailure(error)}`)
      } finally {
        starting = undefined
      }
    }
  }
  const start = async (): Promise<void> => {
    wanted = true
    waiting?.abort()
    if (child && !child.hasExited()) return
    starting ??= up().finally(() => (starting = undefined))
    await starting
  }
  const down = async (end: (running: Child) => Promise<unknown>): Promise<void> => {
    wanted = false
    waiting?.abort()
    await starting?.catch(() => undefined)
    if (child) await end(child)
    child = undefined
  }
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    if (survivable.has(signal)) return child?.kill(signal)
    await down((running) => {
      running.kill(signal)
      return running.exited
    })
  }
  return { title, pid: () => child?.pid, start, stop: () => down((running) => running.stop(stopBoundMs)), kill }
}

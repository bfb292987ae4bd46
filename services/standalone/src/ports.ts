import { randomInt } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Child, lastLines } from './child.ts'
import { StartFailure } from './failure.ts'

const host = '127.0.0.1'

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/** Stops the start with one sentence when a port is taken: which port, for what, and what moves it. */
export async function requireFreePort(port: number, part: string, variable: string): Promise<void> {
  if (!(await isFree(port))) {
    throw new StartFailure(
      `Port ${port} is taken, needed by ${part}. Set ${variable} to a free port, or end what listens there.`
    )
  }
}

const given = new Set<number>()

/**
 * A port nobody listens on. It is taken from below the range the kernel gives to outgoing connections, so that no
 * connection slips in between the question and the use.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const port = randomInt(20_000, 32_000)
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
  throw new StartFailure('No free port was found between 20000 and 32000.')
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    const answer = (listening: boolean): void => {
      socket.destroy()
      resolve(listening)
    }
    socket.setTimeout(1_000, () => answer(false))
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
  })
}

/** Waits until the check holds; a child that ends first, or a bound passed, is a failure that shows the log's end. */
export async function waitUntilReady(child: Child, check: () => Promise<boolean>, boundMs = 60_000): Promise<void> {
  const end = Date.now() + boundMs
  for (;;) {
    if (child.hasExited()) {
      throw new StartFailure(
        `${child.name} ended while starting. Its log, ${child.logFile}, ends:\n${lastLines(child.logFile)}`
      )
    }
    if (await check()) return
    if (Date.now() > end) {
      throw new StartFailure(`${child.name} was not ready within ${boundMs / 1000} s. Its log is ${child.logFile}.`)
    }
    await delay(30)
  }
}

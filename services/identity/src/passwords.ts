import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import { normalisePassword } from './domain/password-rules.ts'
import { BoundedWork } from './bounded-work.ts'
import type { Metrics } from './metrics.ts'

/**
 * Argon2id at OWASP's first choice for servers: 19 MiB, two passes, one lane. 9.5 ms of one core, 6.7 ms each with both cores of a two-core
 * machine at work (Node 24). 5,000 registrations so cost about 35 s of two cores.
 */
const cost = { algorithm: 2, memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const

/** Computations run on libuv's four threads, which DNS and files need too: so never on all of them, and on no more than there are cores. */
const runningMax = Math.max(1, Math.min(3, availableParallelism()))
/** With 10 ms each, the last of these waits about 3 s. */
const waitingMax = 512

export interface Passwords {
  hash: (password: string) => Promise<string>
  /** Without a hash (no such account) it works as long as with one, and is false. */
  verify: (password: string, passwordHash: string | undefined) => Promise<boolean>
}

export async function createPasswords(metrics: Metrics, waitMaxMs: number): Promise<Passwords> {
  const work = new BoundedWork({ runningMax, waitingMax, waitMaxMs })
  const inTurn = async <Result>(compute: () => Promise<Result>): Promise<Result> => {
    try {
      return await work.run(async () => {
        const end = metrics.hashSeconds.startTimer()
        try {
          return await compute()
        } finally {
          end()
        }
      })
    } finally {
      metrics.hashesWaiting.set(work.waiting)
    }
  }
  const nobodysHash = await hash('the hash of no account', cost)

  return {
    hash: async (password) => await inTurn(async () => await hash(normalisePassword(password), cost)),
    verify: async (password, passwordHash) => {
      const right = await inTurn(async () => await verify(passwordHash ?? nobodysHash, normalisePassword(password)))
      return right && passwordHash !== undefined
    }
  }
}

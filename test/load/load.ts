import { readFileSync } from 'node:fs'
import type { Percentiles } from './benchmark.ts'
import { runGenerator } from './program.ts'

export type Load = {
  host: string
  port: number
  auctionId: string
  /** Of as many bidders; connections take them in turn. */
  tokens: string[]
  /** Bids as requests, or as frames of a socket that stays. */
  protocol: 'http' | 'websocket'
  connections: number
  /**
   * Bids due in a second, at even distances, whatever the answers do: a bid that finds no connection free waits, and its wait counts.
   * Without it each connection bids again when it is answered.
   */
  ratePerSecond?: number
  warmUpMs: number
  measureMs: number
  /** Where the generator leaves what was acknowledged to it. */
  acknowledgedFile: string
}

export type Measured = {
  requestsPerSecond: number
  acceptedPerSecond: number
  refusedPerSecond: number
  /** From when a bid was due until its answer: exact percentiles. */
  latenciesMs: Percentiles
  /** Processor time of the generator by wall time: near 1 means that it, and not the server, was measured. */
  generatorCores: number
  /** Answers in all, those of the warm-up and the end included. */
  acknowledged: number
  /** Answers that are neither an acceptance nor a refusal, by their text. */
  problems: Record<string, number>
}

export type Acknowledged = { bidId: string; outcome: 'accepted' | 'refused'; sequence: number; index: number }

export const applyLoad = (load: Load): Promise<Measured> =>
  runGenerator<Measured>(
    'generator.ts',
    `${load.acknowledgedFile}.load.json`,
    load,
    load.warmUpMs + load.measureMs + 90_000
  )

/** Reads what `generator.ts` wrote: five 32-bit numbers an answer. */
export function* readAcknowledged(file: string): Generator<Acknowledged> {
  const bytes = readFileSync(file)
  const numbers = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  for (let at = 0; at < numbers.length; at += 5) {
    const [connection, count, status, sequence, index] = numbers.subarray(at, at + 5) as unknown as [
      number,
      number,
      number,
      number,
      number
    ]
    yield {
      bidId: `b-${String(connection).padStart(4, '0')}-${String(count).padStart(6, '0')}`,
      outcome: status === 201 ? 'accepted' : 'refused',
      sequence,
      index
    }
  }
}

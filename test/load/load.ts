import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type Load = {
  host: string
  port: number
  auctionId: string
  /** Of as many bidders; connections take them in turn. */
  tokens: string[]
  connections: number
  warmUpMs: number
  measureMs: number
  /** Where the generator leaves what was acknowledged to it. */
  acknowledgedFile: string
}

export type Measured = {
  requestsPerSecond: number
  acceptedPerSecond: number
  refusedPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Processor time of the generator by wall time: near 1 means that it, and not the server, was measured. */
  generatorCores: number
  /** Answers in all, those of the warm-up and the end included. */
  acknowledged: number
  /** Answers that are neither an acceptance nor a refusal, by their text. */
  problems: Record<string, number>
}

export type Acknowledged = { bidId: string; outcome: 'accepted' | 'refused'; sequence: number; index: number }

export async function applyLoad(load: Load): Promise<Measured> {
  const program = join(import.meta.dirname, 'generator.ts')
  // By file: the tokens alone are more than one argument of a process may hold.
  const order = `${load.acknowledgedFile}.load.json`
  writeFileSync(order, JSON.stringify(load))
  const { stdout } = await promisify(execFile)(process.execPath, [program, order], {
    timeout: load.warmUpMs + load.measureMs + 90_000,
    maxBuffer: 4 * 1024 * 1024
  })
  return JSON.parse(stdout) as Measured
}

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

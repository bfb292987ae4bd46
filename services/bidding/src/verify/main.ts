import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { LedgerVerifier, type Verdict } from './verify.ts'

/**
 * `node services/bidding/src/verify/main.ts URL_OR_FILE`: verifies one auction's ledger. A URL is an auction's or its
 * ledger's (`…/api/auctions/<id>[/ledger]`); a file holds `{"entries": […]}`, an array, or one entry a line.
 * Exit code 0: it verifies; 1: it does not; 2: it could not be read.
 */
interface Page {
  entries: unknown[]
  nextFrom?: number
}

async function* fromUrl(address: string): AsyncIterable<unknown> {
  const url = new URL(address)
  if (!url.pathname.endsWith('/ledger')) url.pathname = `${url.pathname.replace(/\/$/, '')}/ledger`
  for (let from: number | undefined = 0; from !== undefined;) {
    url.searchParams.set('from', String(from))
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) })
    if (!response.ok) throw new Error(`${url.href} answered ${response.status}`)
    const page = (await response.json()) as Page
    yield* page.entries
    from = page.nextFrom
  }
}

async function* fromFile(path: string): AsyncIterable<unknown> {
  if (path.endsWith('.jsonl') || path.endsWith('.ndjson')) {
    for await (const line of createInterface({ input: createReadStream(path) }))
      if (line.trim() !== '') yield JSON.parse(line)
    return
  }
  const content = JSON.parse(await readFile(path, 'utf8')) as Page | unknown[]
  const entries = Array.isArray(content) ? content : content.entries
  if (!Array.isArray(entries)) throw new Error(`${path} holds no entries`)
  yield* entries
}

export async function verifySource(source: string): Promise<Verdict> {
  const verifier = new LedgerVerifier()
  for await (const entry of /^https?:\/\//.test(source) ? fromUrl(source) : fromFile(source)) {
    if (!(await verifier.add(entry))) break
  }
  return verifier.verdict()
}

export function describe(verdict: Verdict): string {
  const { entries, bids, closed, level, head, problem } = verdict
  if (problem) return `BROKEN at entry ${problem.sequence}: ${problem.reason}.`
  const depth = level === 'decisions' ? 'chain, commitments and every decision' : 'chain'
  const end = closed ? 'closed' : 'still open, so later entries may exist'
  return `VERIFIED: ${entries} entries with ${bids} bids, ${end}; ${depth} checked. Head ${head?.sequence} ${head?.hash}`
}

if (import.meta.main) {
  const source = process.argv[2]
  if (source === undefined) {
    console.error('Usage: node services/bidding/src/verify/main.ts URL_OR_FILE')
    process.exitCode = 2
  } else {
    try {
      const verdict = await verifySource(source)
      console.log(describe(verdict))
      process.exitCode = verdict.verified ? 0 : 1
    } catch (error) {
      console.error(`The ledger could not be read: ${(error as Error).message}`)
      process.exitCode = 2
    }
  }
}

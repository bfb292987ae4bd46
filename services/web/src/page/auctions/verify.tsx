import type { Verdict } from '@gavel/bidding/verify/verify.ts'
import { useState } from 'react'
import { call } from '../api/call.ts'
import { announce } from '../parts/announce.tsx'
import { Icon } from '../parts/icon.tsx'
import { Failed } from '../parts/states.tsx'

/** The whole ledger, page by page, through the same verifier that the command line has; nothing is taken on trust from the server. */
export async function verifyAuction(auctionId: string, progress: (entries: number) => void): Promise<Verdict> {
  const { LedgerVerifier } = await import('@gavel/bidding/verify/verify.ts')
  const verifier = new LedgerVerifier()
  let count = 0
  for (let from: number | undefined = 0; from !== undefined;) {
    const page: { entries: object[]; nextFrom?: number } = await call('readLedger', {
      params: { auctionId },
      query: { from, limit: 500 }
    })
    for (const entry of page.entries) {
      if (!(await verifier.add(entry))) return verifier.verdict()
      count += 1
    }
    progress(count)
    from = page.nextFrom
  }
  return verifier.verdict()
}

function Outcome({ verdict }: { verdict: Verdict }) {
  const { verified, entries, bids, closed, level, head, problem } = verdict
  if (!verified)
    return (
      <div className="receipt" data-tone="bad">
        <p className="receipt-head">
          <Icon name="cross" />
          <strong>It does not verify</strong>
        </p>
        <p>
          Entry {problem?.sequence}: {problem?.reason}.
        </p>
      </div>
    )
  return (
    <div className="receipt" data-tone="good">
      <p className="receipt-head">
        <Icon name="check" />
        <strong>It verifies</strong>
      </p>
      <p>
        {entries} entries with {bids} {bids === 1 ? 'bid' : 'bids'}:{' '}
        {level === 'decisions'
          ? 'nothing was dropped, moved or changed, every secret is the one that was bound, and every decision follows the rules.'
          : 'nothing was dropped, moved or changed. Secrets are laid open after the close; then every decision can be checked too.'}
        {!closed && ' It is still open, so more may follow.'}
      </p>
      {head && <p className="hash">{head.hash}</p>}
    </div>
  )
}

export function Verify({ auctionId }: { auctionId: string }) {
  const [state, setState] = useState<{ running?: number; verdict?: Verdict; error?: Error }>({})
  const run = (): void => {
    setState({ running: 0 })
    verifyAuction(auctionId, (running) => setState({ running }))
      .then((verdict) => {
        setState({ verdict })
        announce(verdict.verified ? 'The ledger verifies.' : 'The ledger does not verify.')
      })
      .catch((error: Error) => setState({ error }))
  }
  return (
    <section aria-labelledby="verify-title" className="panel">
      <h2 id="verify-title">Proof</h2>
      <p className="muted">
        Each decision is chained to the one before by its hash. Your browser can compute the whole chain again, without
        trusting this house.
      </p>
      <button type="button" className="quiet" onClick={run} disabled={state.running !== undefined}>
        <Icon name="chain" />{' '}
        {state.running === undefined ? 'Verify this auction' : `${state.running} entries checked …`}
      </button>
      <div role="status">
        {state.verdict && <Outcome verdict={state.verdict} />}
        {state.error && <Failed error={state.error} again={run} />}
      </div>
    </section>
  )
}

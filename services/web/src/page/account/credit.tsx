import { useOperation } from '../api/query.ts'
import { formatMoney } from '../money.ts'
import { Shown } from '../parts/states.tsx'

/** How much somebody may have in play at once, where the house has set a limit. */
export function Credit() {
  const query = useOperation('readMyCredit', {}, { refetchMs: 10_000 })
  return (
    <section className="stack" aria-labelledby="credit">
      <h2 id="credit">Credit</h2>
      <Shown query={query} what="your credit" rows={1}>
        {({ items }) => {
          const limited = items.filter(({ limitMinor }) => limitMinor !== null)
          if (limited.length === 0) return <p className="muted">There is no limit on what you may bid.</p>
          return (
            <>
              {limited.map(({ currency, limitMinor, heldMinor }) => (
                <div key={currency} className="stack">
                  <p>
                    <span className="number">{formatMoney(heldMinor, currency)}</span> of{' '}
                    <span className="number">{formatMoney(limitMinor ?? 0, currency)}</span> is held by bids that lead
                    and purchases not paid yet.
                  </p>
                  <progress
                    value={Math.min(heldMinor, limitMinor ?? 0)}
                    max={Math.max(1, limitMinor ?? 0)}
                    aria-label={`Credit held in ${currency}`}
                  />
                </div>
              ))}
            </>
          )
        }}
      </Shown>
    </section>
  )
}

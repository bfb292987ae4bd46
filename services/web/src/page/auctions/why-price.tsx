import type { LiveAuction } from '@gavel/contracts/api/web-socket.ts'
import { formatMoney } from '../money.ts'
import type { HistoryEntry } from './history.ts'
import { reasonOf, rowsAbout, type Increments } from './price-reason.ts'

export function WhyPrice({
  auction,
  increments,
  entries
}: {
  auction: LiveAuction
  increments: Increments
  entries: readonly HistoryEntry[]
}) {
  const { mode, priceMinor, currency } = auction
  const here = increments.findLast(({ fromMinor }) => fromMinor <= priceMinor)
  return (
    <details className="why">
      <summary>Why this price?</summary>
      <p>{reasonOf(auction, increments, entries)}</p>
      {mode === 'english' && (
        <table className="increments">
          <caption>The least step, from this price on</caption>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">Step</th>
            </tr>
          </thead>
          <tbody>
            {rowsAbout(increments, priceMinor).map((row) => (
              <tr key={row.fromMinor} data-here={row === here} aria-current={row === here ? 'true' : undefined}>
                <td className="number">{formatMoney(row.fromMinor, currency)}</td>
                <td className="number">{formatMoney(row.incrementMinor, currency)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  )
}

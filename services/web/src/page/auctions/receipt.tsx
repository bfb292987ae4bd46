import type { BidReceipt } from '@gavel/contracts/api/bidding.ts'
import { errors, type ErrorCode } from '@gavel/contracts/errors.ts'
import { Link } from 'wouter'
import { formatMoney } from '../money.ts'
import { Icon } from '../parts/icon.tsx'
import { formatPrecise } from '../time.ts'

function headline({ outcome, code, leading, orderNumber, quantity, seal }: BidReceipt): string {
  if (outcome === 'refused') return `Refused: ${errors[code as ErrorCode]?.title ?? code}`
  if (seal) return 'Accepted and sealed until the close'
  if (orderNumber)
    return quantity === 1
      ? 'It is yours. Your order is being made.'
      : `${quantity} pieces are yours. Your order is being made.`
  return leading ? 'Accepted: you lead' : 'Accepted, and outbid at once by a higher maximum'
}

export function Receipt({ receipt, currency }: { receipt: BidReceipt; currency: string }) {
  const { outcome, leading, priceMinor, priceToBeatMinor, sequence, index, decidedAt, hash, orderNumber, seal } =
    receipt
  const isGood = outcome === 'accepted' && (leading || orderNumber !== undefined || seal !== undefined)
  return (
    <div className="receipt" data-tone={isGood ? 'good' : outcome === 'refused' ? 'bad' : 'warn'}>
      <p className="receipt-head">
        <Icon name={isGood ? 'check' : 'warning'} />
        <strong>{headline(receipt)}</strong>
      </p>
      {orderNumber ? (
        <p>
          <Link href={`/account/orders/${orderNumber}`}>Follow the order</Link>
        </p>
      ) : seal ? (
        <p>A later bid of yours takes its place. Keep the receipt: its nonce proves what you bid.</p>
      ) : (
        <p className="number">
          Price {formatMoney(priceMinor, currency)} · next bid at least {formatMoney(priceToBeatMinor, currency)}
        </p>
      )}
      <details>
        <summary>Receipt</summary>
        <p>
          Entry {sequence}, row {index}, decided {formatPrecise(decidedAt)}
        </p>
        <p className="hash">{hash}</p>
        {seal && (
          <p className="hash">
            commitment {seal.commitment}, nonce {seal.nonce}
          </p>
        )}
      </details>
    </div>
  )
}

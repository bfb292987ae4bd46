import type { SaleProgress } from '@gavel/contracts/api/order.ts'

const reasons: Record<string, string> = {
  SOLD_OUT: 'The last piece went to somebody who came before you.',
  STOCK_NOT_FOUND: 'No stock is kept for this item.',
  PAYMENT_DECLINED: 'The card was declined. Nothing was charged.',
  PAYMENT_METHOD_MISSING: 'There was no card to charge.',
  TIMED_OUT: 'It took too long. What was taken was given back.'
}

type Step = { title: string; text: string; state: 'done' | 'now' | 'bad' | 'later' }

/** The story of a sale as its buyer should hear it, from what is known of each step. */
export function stepsOf({ status, stock, payment, reason }: SaleProgress): Step[] {
  const failed = reason ? (reasons[reason] ?? reason) : 'It failed.'
  return [
    { title: 'Sale confirmed', text: 'The ledger holds it.', state: 'done' },
    {
      title: 'Stock',
      text: {
        waiting: 'A piece is being held for you.',
        reserved: 'A piece is held for you.',
        rejected: failed,
        released: 'The piece was given back.'
      }[stock],
      state: stock === 'waiting' ? (status === 'open' ? 'now' : 'later') : stock === 'reserved' ? 'done' : 'bad'
    },
    {
      title: 'Payment',
      text: {
        waiting: 'Not charged yet.',
        captured: 'Your card was charged.',
        declined: failed,
        refunded: 'The money was given back.'
      }[payment],
      state:
        payment === 'waiting'
          ? status === 'open' && stock === 'reserved'
            ? 'now'
            : 'later'
          : payment === 'captured'
            ? 'done'
            : 'bad'
    },
    {
      title: 'Order',
      text: { open: 'Not made yet.', ordered: 'The order is made.', failed }[status],
      state: status === 'ordered' ? 'done' : status === 'failed' ? 'bad' : 'later'
    }
  ]
}

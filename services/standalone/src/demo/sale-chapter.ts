import { readOrder } from '@gavel/contracts/api/order.ts'
import { readPayment } from '@gavel/contracts/api/payment.ts'
import type { Sold } from './auction-chapter.ts'
import { waitForMail } from './mails.ts'
import { expectThat, money } from './narrator.ts'
import { waitForSale, waitForStock, type Stage } from './stage.ts'

/** From the won bid to stock, money, an order and an e-mail. */
export async function tellSale(stage: Stage, { auction, winner, orderNumber }: Sold): Promise<void> {
  const { gateway, narrator } = stage
  const { token } = winner
  narrator.chapter('From the bid to an order')
  const sale = await waitForSale(stage, orderNumber, 'ordered')
  const tookMs = (sale.endedAt ?? Number.NaN) - sale.startedAt
  narrator.saw(
    `Sale ${orderNumber} went through stock (${sale.stock}), payment (${sale.payment}) and order in ${tookMs} ms.`
  )
  const payment = await gateway.call(readPayment, { params: { orderNumber } }, { token })
  expectThat(
    'The price was captured',
    payment.status === 'captured' && payment.amountMinor === auction.priceMinor,
    payment
  )
  narrator.saw(`${winner.name}’s card was charged ${money(payment.amountMinor)}, once: payment ${payment.paymentId}.`)
  const order = await gateway.call(readOrder, { params: { orderNumber } }, { token })
  expectThat(
    'The order is the winner’s',
    order.userId === winner.userId && order.totalMinor === auction.priceMinor,
    order
  )
  narrator.saw(`Order ${order.orderNumber} is recorded for ever; the database itself refuses to change it.`)
  await waitForStock(stage, auction.productId, { available: 0, reserved: 0, sold: 1 })
  narrator.saw('The stock: none available, none held, one sold.')
  const mail = await waitForMail(stage, winner.email, (candidate) => candidate.text.includes(orderNumber))
  narrator.saw(`An e-mail for ${winner.email} is in the inbox: “${mail.subject}”`)
}

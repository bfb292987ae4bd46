/**
 * Time in which the platform could not have answered is not charged to a sale.
 *
 * `caughtUpAt` is a moment up to which everything published is known to have been read. It stands still while this
 * service, its database or Kafka is away, and while a backlog is being read. A step's news may lie unread in a topic that
 * long, so when the clock moves again over more than `outageMs`, every open sale gets the lost time back.
 */
export function timeToGiveBack(before: number | undefined, caughtUpAt: number, outageMs: number): number {
  if (before === undefined) return 0
  const gap = caughtUpAt - before
  return gap > outageMs ? gap : 0
}

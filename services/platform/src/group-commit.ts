import { setImmediate as turn } from 'node:timers/promises'
import { Fault, toFailure } from './errors.ts'

export interface GroupLimits {
  /** Items of one group at most. */
  group: number
  /** Items that wait at most; more would only time out. */
  waiting: number
}

interface Waiting<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * Items that arrive while a group is under way wait together and are the next one, in the order of their arrival: what a commit costs is
 * shared by all of them. `commit` answers one result for each item, in their order.
 *
 * Resolves with the item's own result. Where a group fails as a whole because a part cannot be reached, so does each of its items;
 * any other failure may be one item's own, so each is then committed alone. Throws a Fault where too many wait already.
 */
export function groupCommit<Item, Result>(
  commit: (items: readonly Item[]) => Promise<readonly Result[]>,
  { group, waiting: most }: GroupLimits = { group: 500, waiting: 5_000 }
): (item: Item) => Promise<Result> {
  const waiting: Waiting<Item, Result>[] = []
  let underWay = false

  const settle = async (some: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await commit(some.map(({ item }) => item))
      some.forEach(({ resolve }, index) => resolve(results[index]!))
    } catch (error) {
      if (some.length > 1 && !(toFailure(error) instanceof Fault)) for (const one of some) await settle([one])
      else for (const { reject } of some) reject(error)
    }
  }

  const drain = async (): Promise<void> => {
    underWay = true
    // What comes in the same turn of the event loop joins the first group.
    await turn()
    while (waiting.length > 0) await settle(waiting.splice(0, group))
    underWay = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= most) {
        reject(new Fault('Too many changes wait already'))
        return
      }
      waiting.push({ item, resolve, reject })
      if (!underWay) void drain()
    })
}

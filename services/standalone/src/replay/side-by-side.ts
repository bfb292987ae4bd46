/**
 * Works through the items in their order, so many at a time. The first failure ends it: no further item is begun, those
 * under way are waited for, and the failure is thrown.
 */
export async function sideBySide<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item, index: number) => Promise<void>
): Promise<void> {
  let next = 0
  let failure: { error: unknown } | undefined
  const lane = async (): Promise<void> => {
    while (next < items.length && !failure) {
      const index = next
      next += 1
      try {
        await work(items[index]!, index)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
  if (failure) throw failure.error
}

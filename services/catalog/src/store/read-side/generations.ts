import type { PoolClient } from 'pg'

/** A generation's tables are in a schema of its own. The number is ours, so it is safe in a statement. */
export const schemaOf = (generation: number): string => `read_${generation}`

/**
 * The generations that events go into: the one that serves and one that is being built. Held until the transaction ends, so that a
 * generation begins between two batches: every batch is either in it or marked as taken before.
 */
export async function holdGenerations(client: PoolClient): Promise<number[]> {
  const { rows } = await client.query<{ generation: number }>(
    'select generation from read_sides order by generation for share'
  )
  return rows.map(({ generation }) => generation)
}

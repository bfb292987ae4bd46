import type { Pool, PoolClient } from 'pg'

/** A pool, or the one connection that a transaction runs on. */
export type Queryable = Pool | PoolClient

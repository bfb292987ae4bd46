import type { FastifyRequest } from 'fastify'
import type { LockOutPolicy } from './domain/lock-out.ts'
import type { KeyRing } from './key-ring.ts'
import type { Metrics } from './metrics.ts'
import type { Passwords } from './passwords.ts'
import type { Pool } from 'pg'
import type { PrepareAccessToken } from './access-tokens.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { WorkByKey } from './bounded-work.ts'

/** What the routes of this service work with. */
export interface Dependencies {
  context: ServiceContext
  pool: Pool
  keys: KeyRing
  passwords: Passwords
  /** Log-ins of one e-mail address take turns. */
  attempts: WorkByKey
  prepareAccessToken: PrepareAccessToken
  metrics: Metrics
  clientAddress: (request: FastifyRequest) => string
  addressPolicy: LockOutPolicy
}

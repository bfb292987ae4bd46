import type * as bidder from '@gavel/contracts/api/bidder.ts'
import type * as bidding from '@gavel/contracts/api/bidding.ts'
import type * as catalog from '@gavel/contracts/api/catalog.ts'
import type * as eventlog from '@gavel/contracts/api/eventlog.ts'
import type * as health from '@gavel/contracts/api/health.ts'
import type * as identity from '@gavel/contracts/api/identity.ts'
import type * as inventory from '@gavel/contracts/api/inventory.ts'
import type * as logs from '@gavel/contracts/api/logs.ts'
import type * as notification from '@gavel/contracts/api/notification.ts'
import type * as order from '@gavel/contracts/api/order.ts'
import type * as payment from '@gavel/contracts/api/payment.ts'
import type { Operation } from '@gavel/contracts/define.ts'
import type { Static, TSchema } from 'typebox'

/** Every operation by the name under which the contracts export it, which is its id. Types only: nothing of this is in the page. */
type Apis = typeof bidding &
  typeof bidder &
  typeof catalog &
  typeof eventlog &
  typeof health &
  typeof identity &
  typeof inventory &
  typeof logs &
  typeof notification &
  typeof order &
  typeof payment

// oxlint-disable-next-line typescript/no-explicit-any -- the only type that every operation's own types fit.
type AnyOperation = Operation<any, any, any, any, any>
type Named = { [Name in keyof Apis as Apis[Name] extends AnyOperation ? Name : never]: Apis[Name] }

export type OperationId = keyof Named

type Part<Name extends string, Schema> = Schema extends TSchema ? Record<Name, Static<Schema>> : unknown
type Of<Schema> = Schema extends TSchema ? Static<Schema> : undefined

export type InputOf<Id extends OperationId> =
  Named[Id] extends Operation<infer Params, infer Query, infer Body, infer _Responses, infer _Caller>
    ? Part<'params', Params> & Partial<Part<'query', Query>> & Part<'body', Body>
    : never

export type AnswerOf<Id extends OperationId> =
  Named[Id] extends Operation<infer _Params, infer _Query, infer _Body, infer Responses, infer _Caller>
    ? Of<Responses[keyof Responses]>
    : never

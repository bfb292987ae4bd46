import type { Static, TSchema } from 'typebox'
import type { ErrorCode } from './errors.ts'

/** Who may call an operation. `public` needs no token; `user` is any signed-in account; `admin` includes everything. */
export type Role = 'public' | 'user' | 'bidder' | 'admin'

/** A domain event: a past-tense fact with a version. A published version never changes; a new shape is a new version. */
export interface EventDefinition<Name extends string = string, Data extends TSchema = TSchema> {
  name: Name
  version: number
  /** CloudEvents `type`: `gavel.<name>.v<version>`. */
  type: string
  /** One sentence: what happened and when it is emitted. */
  doc: string
  data: Data
}

export function defineEvent<Name extends string, Data extends TSchema>(
  name: Name,
  version: number,
  doc: string,
  data: Data
): EventDefinition<Name, Data> {
  return { name, version, type: `gavel.${name}.v${version}`, doc, data }
}

export type DataOf<Definition extends EventDefinition> = Static<Definition['data']>

/** A Kafka topic: its one owner, the events on it, and the key that decides their order. */
export interface TopicDefinition {
  name: string
  /** The one service that writes to it; or `platform`, where any service does, through code of the platform's. See `senders`. */
  owner: string
  events: readonly EventDefinition[]
  key: string
  /** Why this key: whose order matters. */
  keyReason: string
  partitions: number
  /** -1: no end. */
  retentionMs: number
  /** Only the newest record of each key is kept; older ones are gone within this time. */
  compactedWithinMs?: number
  /** False where the event log does not keep it: what is told again and again, and nobody's state comes from. */
  recorded?: boolean
}

export interface Upload {
  types: readonly string[]
  bytesMax: number
}

/** An HTTP operation as data: routes, validation, role checks, problem codes and OpenAPI come from it. */
export interface Operation<
  Params extends TSchema | undefined = TSchema | undefined,
  Query extends TSchema | undefined = TSchema | undefined,
  Body extends TSchema | undefined = TSchema | undefined,
  Responses extends Record<number, TSchema | null> = Record<number, TSchema | null>,
  Caller extends Role = Role
> {
  id: string
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Fastify's path form: `/api/auctions/:auctionId`. */
  path: string
  role: Caller
  summary: string
  params?: Params
  query?: Query
  body?: Body
  /** Success responses by status; `null` is an empty body. */
  responses: Responses
  /** Refusals this operation may answer with, besides those every operation shares. */
  errors: readonly ErrorCode[]
  /** True where the gateway may repeat the request after a connection failure: safe methods, or idempotent by a client-chosen id. */
  idempotent?: boolean
  /** True where the answer is a stream of Server-Sent Events, which lasts as long as its reader stays. */
  stream?: boolean
  /** What is taken instead of JSON: a body of one of these types, read as it arrives and never held as a whole. */
  upload?: Upload
  /** The type of an answer that is not JSON. */
  answers?: 'text/csv'
  /** What an audited operation acts on, where its path does not tell: the member of the answer or of the body that names it. */
  subject?: string
}

/**
 * Whether each call of an operation is recorded as an `AdminActed`: all that change something for admins. So what an admin does with
 * another's data is an operation of its own with this role, and none can be forgotten.
 */
export const isAudited = ({ method, role }: Pick<Operation, 'method' | 'role'>): boolean =>
  role === 'admin' && method !== 'GET'

export function defineOperation<
  const Params extends TSchema | undefined = undefined,
  const Query extends TSchema | undefined = undefined,
  const Body extends TSchema | undefined = undefined,
  const Responses extends Record<number, TSchema | null> = Record<number, TSchema | null>,
  const Caller extends Role = Role
>(operation: Operation<Params, Query, Body, Responses, Caller>): Operation<Params, Query, Body, Responses, Caller> {
  return operation
}

import type { HealthTransition } from '@gavel/contracts/api/health.ts'
import { Fault } from '@gavel/platform/errors.ts'
import type { Redis } from '@gavel/platform/redis/client.ts'
import type { Change, Status } from '../domain/board.ts'

/** Kept of all names together, and of each. */
const KEPT_OF_ALL = 10_000
const KEPT_OF_EACH = 500

/** One hash tag, because one script writes them all. */
const leaderKey = '{history}:leader'
const stateKey = '{history}:state'
const allKey = '{history}:all'
const ofName = (name: string): string => `{history}:of:${name}`

/**
 * Renews or takes the lead, and as the leader writes what differs from the state. All in one step, so two who both think that they
 * lead write a change once, and one whose look is older than what is written (`at` before `since`) writes nothing. The first time a
 * name is seen up is no change. Answers the state, as everybody must know it.
 */
const recordScript = `
local leader = redis.call('get', KEYS[1])
if leader == false or leader == ARGV[1] then
  redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
  for index, raw in ipairs(cjson.decode(ARGV[3])) do
    local known = redis.call('hget', KEYS[2], raw.name)
    local before = known and cjson.decode(known)
    if not before or (before.status ~= raw.status and raw.at >= before.since) then
      redis.call('hset', KEYS[2], raw.name, cjson.encode({ status = raw.status, since = raw.at }))
      if before or raw.status == 'down' then
        local change = cjson.encode(raw)
        local id = redis.call('xadd', KEYS[3], 'maxlen', '${KEPT_OF_ALL}', '*', 'change', change)
        redis.call('xadd', KEYS[3 + index], 'maxlen', '${KEPT_OF_EACH}', id, 'change', change)
      end
    end
  end
end
return redis.call('hgetall', KEYS[2])
`

export type Known = Map<string, { status: Status; since: number }>
type Entries = [id: string, fields: string[]][]

const transitionOf = ([id, fields]: Entries[number]): HealthTransition => ({
  id,
  ...(JSON.parse(fields[1] ?? '{}') as Change)
})

/** The up and down of everything, in Redis. Everything here throws a Fault while Redis is away. */
export class History {
  readonly #redis: Redis
  readonly #process: string
  readonly #leadMs: number

  constructor(redis: Redis, { process, leadMs }: { process: string; leadMs: number }) {
    this.#redis = redis
    this.#process = process
    this.#leadMs = leadMs
  }

  /** Writes changes if this process leads or nobody does; answers what the history holds of each name. */
  async record(changes: readonly Change[]): Promise<Known> {
    const keys = [leaderKey, stateKey, allKey, ...changes.map(({ name }) => ofName(name))]
    const args = [this.#process, String(this.#leadMs), JSON.stringify(changes)]
    const flat = (await reached(this.#redis.eval(recordScript, keys.length, ...keys, ...args))) as string[]
    const known: Known = new Map()
    for (let index = 0; index + 1 < flat.length; index += 2) {
      known.set(flat[index]!, JSON.parse(flat[index + 1]!) as { status: Status; since: number })
    }
    return known
  }

  /** Newest first; of all names where none is given. */
  async newest(name: string | undefined, limit: number): Promise<HealthTransition[]> {
    const key = name === undefined ? allKey : ofName(name)
    return (await reached(this.#redis.xrevrange(key, '+', '-', 'COUNT', limit))).map(transitionOf)
  }

  /** In order, after an id. */
  async after(id: string, limit: number): Promise<HealthTransition[]> {
    return (await reached(this.#redis.xrange(allKey, `(${id}`, '+', 'COUNT', limit))).map(transitionOf)
  }

  /** The id that a stream which begins now goes on from. */
  async lastId(): Promise<string> {
    const [last] = await reached(this.#redis.xrevrange(allKey, '+', '-', 'COUNT', 1))
    return last?.[0] ?? '0-0'
  }
}

async function reached<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (cause) {
    throw new Fault('The history is away', { cause, unreachable: true })
  }
}

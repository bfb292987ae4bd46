import { setTimeout as delay } from 'node:timers/promises'
import type { Client, Pool, PoolClient } from 'pg'
import type { TopicDefinition } from '@gavel/contracts/define.ts'
import { encodeEvent, type OutgoingEvent } from '../kafka/events.ts'
import type { Producer } from '../kafka/producer.ts'
import { counter, gauge } from '../metrics.ts'
import type { ServiceContext } from '../service.ts'
import { currentTraceparent } from '../telemetry.ts'
import { loadPg } from './driver.ts'

/**
 * Stores events in the caller's transaction; a relay sends them on once it has committed. Events of one key keep their order
 * where their writers take turns, which they do when each locks the row that the key names before it appends.
 */
export async function appendToOutbox(
  client: PoolClient,
  topic: TopicDefinition,
  events: readonly OutgoingEvent[]
): Promise<void> {
  if (events.length === 0) return
  const traceparent = currentTraceparent()
  const rows = events.map((event) =>
    encodeEvent(event.traceparent === undefined && traceparent !== undefined ? { ...event, traceparent } : event)
  )
  await client.query(
    `insert into outbox (topic, key, value, headers)
     select $1, row.key, row.value, row.headers
       from unnest($2::text[], $3::text[], $4::jsonb[]) with ordinality as row (key, value, headers, position)
      order by row.position`,
    [
      topic.name,
      rows.map(({ key }) => key),
      rows.map(({ value }) => value),
      rows.map(({ headers }) => JSON.stringify(headers))
    ]
  )
  // Sent at commit, once per transaction however often it is called.
  await client.query(`select pg_notify('outbox', '')`)
}

export interface Relay {
  /** Ends after the batch in hand. */
  stop(): Promise<void>
}

export interface RelayOptions {
  batchSize?: number
  /** How often to look without having been woken. */
  pollMs?: number
  /** The first pause after a failure; it doubles up to `maxDelayMs`. */
  initialDelayMs?: number
  maxDelayMs?: number
}

interface Row {
  id: number
  topic: string
  key: string
  value: string
  headers: Record<string, string>
}

/** Any number; advisory locks are the database's own. */
const RELAY_LOCK = 4_283_500_002

/**
 * Sends the outbox to Kafka. Of all the processes of a service one relays at a time, the holder of an advisory lock: one is fast
 * enough (a request carries 500 rows), and order per key then needs no thought. When it dies the server frees the lock and another
 * takes over. Rows are removed after the broker's acknowledgement, so a crash in between sends them twice, with the same ids.
 */
class OutboxRelay implements Relay {
  readonly #context: ServiceContext
  readonly #pool: Pool
  readonly #producer: Producer
  readonly #options: Required<RelayOptions>
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  readonly #sent
  readonly #failures
  readonly #leading
  #wake: (() => void) | undefined
  #woken = false

  constructor(context: ServiceContext, pool: Pool, producer: Producer, options: RelayOptions) {
    this.#context = context
    this.#pool = pool
    this.#producer = producer
    this.#options = {
      batchSize: options.batchSize ?? 500,
      pollMs: options.pollMs ?? 1000,
      initialDelayMs: options.initialDelayMs ?? 100,
      maxDelayMs: options.maxDelayMs ?? 5000
    }
    this.#sent = counter(context.metrics, {
      name: 'outbox_sent_total',
      help: 'Outbox rows acknowledged by the broker.',
      labelNames: ['topic']
    })
    this.#failures = counter(context.metrics, { name: 'outbox_failures_total', help: 'Failed attempts to relay.' })
    this.#leading = gauge(context.metrics, { name: 'outbox_relay_leading', help: '1 in the one process that relays.' })
    measureOutbox(context, pool)
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#lead(() => {
          failures = 0
        })
      } catch (error) {
        failures += 1
        this.#failures.inc()
        const about = { error, attempt: failures }
        if (failures === 3)
          this.#context.log.warn(about, 'The outbox cannot be relayed; it keeps what it has and tries on')
        else this.#context.log.debug(about, 'The outbox could not be relayed')
        const pause = Math.min(this.#options.maxDelayMs, this.#options.initialDelayMs * 2 ** Math.min(failures - 1, 20))
        await this.#pause(pause * (0.75 + Math.random() / 2))
      }
    }
  }

  /** On a connection of its own: the lock and LISTEN belong to it and end with it. */
  async #lead(onProgress: () => void): Promise<void> {
    const client = new (loadPg().Client)({ ...this.#pool.options, application_name: `${this.#context.name} relay` })
    let broken: Error | undefined
    client.on('error', (error) => {
      broken = error
      this.#wake?.()
    })
    client.on('notification', () => {
      this.#woken = true
      this.#wake?.()
    })
    try {
      await client.connect()
      if (!(await this.#takeLock(client, () => broken))) return
      this.#leading.set(1)
      await client.query('listen outbox')
      while (!this.#stopping.signal.aborted) {
        if (broken) throw broken
        this.#woken = false
        const count = await this.#relayBatch(client)
        onProgress()
        if (count === 0 && !this.#woken) await this.#pause(this.#options.pollMs)
      }
    } finally {
      this.#leading.set(0)
      await client.end().catch(() => undefined)
    }
  }

  async #takeLock(client: Client, broken: () => Error | undefined): Promise<boolean> {
    while (!this.#stopping.signal.aborted) {
      const error = broken()
      if (error) throw error
      const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [RELAY_LOCK])
      if (rows[0]!.taken) return true
      await this.#pause(this.#options.pollMs)
    }
    return false
  }

  async #relayBatch(client: Client): Promise<number> {
    const { rows } = await client.query<Row>('select id, topic, key, value, headers from outbox order by id limit $1', [
      this.#options.batchSize
    ])
    if (rows.length === 0) return 0
    const producer = this.#producer
    await producer.send(
      rows.map(({ topic, key, value, headers }) => ({ topic: producer.topicName(topic), key, value, headers }))
    )
    await client.query('delete from outbox where id = any($1)', [rows.map(({ id }) => id)])
    for (const [topic, sent] of Map.groupBy(rows, (row) => row.topic)) this.#sent.inc({ topic }, sent.length)
    return rows.length
  }

  /** Until the time is over, or woken. */
  async #pause(ms: number): Promise<void> {
    const over = new AbortController()
    this.#wake = () => over.abort()
    if (this.#stopping.signal.aborted) over.abort()
    await delay(ms, undefined, { signal: over.signal }).catch(() => undefined)
    this.#wake = undefined
  }
}

/** Read when scraped, so that every process of the service tells the same, and a relay that hangs is seen. */
function measureOutbox(context: ServiceContext, pool: Pool): void {
  const oldest = gauge(context.metrics, {
    name: 'outbox_oldest_seconds',
    help: 'Age of the oldest row that waits; 0 where none does.'
  })
  gauge(context.metrics, {
    name: 'outbox_depth',
    help: 'Rows that wait for the broker, counted up to 100,000.',
    async collect() {
      try {
        const { rows } = await pool.query<{ depth: number; oldest: number }>(
          `select (select count(*)::int from (select from outbox limit 100000) as waiting) as depth,
                  coalesce(extract(epoch from now() - (select created_at from outbox order by id limit 1)), 0)::float8 as oldest`
        )
        this.set(rows[0]!.depth)
        oldest.set(Math.max(0, rows[0]!.oldest))
      } catch {
        // The database is away: the last figures stay, and /readyz tells why.
      }
    }
  })
}

export async function startOutboxRelay(
  context: ServiceContext,
  pool: Pool,
  producer: Producer,
  options: RelayOptions = {}
): Promise<Relay> {
  const relay = new OutboxRelay(context, pool, producer, options)
  context.closers.add('outbox relay', async () => await relay.stop(), 'relays')
  return relay
}

import { setTimeout as delay } from 'node:timers/promises'
import type { Collection, Db } from 'mongodb'
import { audit } from '@gavel/contracts/topics.ts'
import { encodeEvent } from '../kafka/events.ts'
import type { Producer } from '../kafka/producer.ts'
import type { ServiceContext } from '../service.ts'
import { sweepRegularly, type SweepTerms } from './sweep.ts'
import { ABANDONED_MS, actedEvent, type ActEnd, type AuditTrail, type BegunAct } from './trail.ts'

/** Kept until the broker has acknowledged its event. */
interface ActDocument {
  _id: string
  act: BegunAct
  begunAt: Date
  end?: ActEnd
}

export interface MongoAuditTerms extends SweepTerms {
  /** How often to look for what another process left. */
  pollMs?: number
}

const BATCH = 200
const RETRY_MAX_MS = 5_000

/**
 * Acts in a collection of their own, which is their outbox too: `end` is written with the act, and whoever finds it publishes it and
 * takes it away. Several processes may publish the same one; it has the same id, and readers drop the second.
 */
export function mongoAudit(
  context: ServiceContext,
  { db, producer }: { db: Db; producer: Producer },
  terms: MongoAuditTerms = {}
): AuditTrail {
  const acts = db.collection<ActDocument>('audited_acts')
  const relay = new ActRelay(context, acts, producer, terms.pollMs ?? 5_000)
  context.closers.add('audit relay', async () => await relay.stop(), 'relays')
  sweepRegularly(context, terms, async () => {
    const now = context.clock()
    const before = new Date(now - (terms.abandonedMs ?? ABANDONED_MS))
    const { modifiedCount } = await acts.updateMany(
      { begunAt: { $lt: before }, end: { $exists: false } },
      { $set: { end: { outcome: 'unknown', endedAt: now } } }
    )
    if (modifiedCount > 0) relay.wake()
  })
  return {
    async begin(act) {
      await acts.insertOne({ _id: act.actId, act, begunAt: new Date(act.begunAt) })
    },
    async end(act, end) {
      // Made again where it was given up in the meantime.
      await acts.updateOne({ _id: act.actId }, { $set: { act, begunAt: new Date(act.begunAt), end } }, { upsert: true })
      relay.wake()
    }
  }
}

class ActRelay {
  readonly #context: ServiceContext
  readonly #acts: Collection<ActDocument>
  readonly #producer: Producer
  readonly #pollMs: number
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>
  #woken = new AbortController()

  constructor(context: ServiceContext, acts: Collection<ActDocument>, producer: Producer, pollMs: number) {
    this.#context = context
    this.#acts = acts
    this.#producer = producer
    this.#pollMs = pollMs
    this.#running = this.#run()
  }

  wake(): void {
    this.#woken.abort()
  }

  /** Ends after the batch in hand, and tries once to send what is left. What then remains another process finds. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.wake()
    await this.#running
    await this.#relay().catch(() => undefined)
  }

  async #run(): Promise<void> {
    let failures = 0
    while (!this.#stopping.signal.aborted) {
      this.#woken = new AbortController()
      try {
        const sent = await this.#relay()
        failures = 0
        if (sent < BATCH) await this.#pause(this.#pollMs, this.#woken.signal)
      } catch (error) {
        failures += 1
        const level = failures === 3 ? 'warn' : 'debug'
        this.#context.log[level]({ error, attempt: failures }, 'Acts could not be published; they are kept')
        await this.#pause(Math.min(RETRY_MAX_MS, 100 * 2 ** Math.min(failures, 10)), this.#stopping.signal)
      }
    }
  }

  async #relay(): Promise<number> {
    const ended = await this.#acts
      .find({ end: { $exists: true } })
      .sort({ 'end.endedAt': 1 })
      .limit(BATCH)
      .toArray()
    if (ended.length === 0) return 0
    const topic = this.#producer.topicName(audit)
    await this.#producer.send(ended.map(({ act, end }) => ({ topic, ...encodeEvent(actedEvent(act, end!)) })))
    // Only as it was published: one that ended after it was given up is told again.
    await this.#acts.bulkWrite(
      ended.map(({ _id, end }) => ({ deleteOne: { filter: { _id, 'end.outcome': end!.outcome } } }))
    )
    return ended.length
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

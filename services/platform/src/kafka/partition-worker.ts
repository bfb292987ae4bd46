import type { EventDefinition } from '@gavel/contracts/define.ts'
import { Fault, Refusal, toFailure, type Bug } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ConsumerMetrics, DeadReason } from './consumer-metrics.ts'
import type { DeadLetter } from './dead-letters.ts'
import { decodeEvent, type IncomingEvent, type RawMessage } from './events.ts'
import { replayGroupOf } from './replay.ts'
import { deadLetterSpan, processInSpans } from './spans.ts'

export interface RetryOptions {
  /** How often a batch is tried before it is narrowed down to its culprit. */
  attempts: number
  initialDelayMs: number
  maxDelayMs: number
  /** Try without end while a part cannot be reached: an outage of our own database must not fill the dead letters. */
  untilReachable: boolean
}

export interface WorkerOptions {
  /** Topic and group by their names on the broker. */
  topic: string
  group: string
  definitions: ReadonlyMap<string, EventDefinition>
  batchSize: number
  retry: RetryOptions
  /** The name by which replays mean this group, and whether they are handled. */
  replays: { group: string; handle: boolean }
  handle: (events: IncomingEvent[], attempt: number) => Promise<void>
  bury: (letter: DeadLetter) => Promise<void>
  metrics: ConsumerMetrics
  log: Logger
}

/** How far a batch was worked off. */
export interface Progress {
  /** The last message that needs no further work; undefined where there is none. */
  doneOffset: string | undefined
  /** The rest is to be tried again after this pause. */
  pauseMs: number | undefined
}

/** Thrown inside this file only: leave the rest for later. */
class Later {
  readonly pauseMs: number

  constructor(pauseMs: number) {
    this.pauseMs = pauseMs
  }
}

interface Entry {
  message: RawMessage
  /** A replay that is nothing to us. */
  passed?: 'passed-over' | 'fenced'
  event: IncomingEvent | undefined
  error: unknown
}

/**
 * Decides what becomes of the messages of a partition. Knows nothing of groups, commits and pauses: it is given messages in order
 * and tells how far it came. Failed attempts are counted by the offset at which a batch begins, because after a pause the broker
 * may give a longer batch from the same place.
 */
export class PartitionWorker {
  readonly #options: WorkerOptions
  /** Partition → where its failing batch begins, and how often that was tried. */
  readonly #failing = new Map<number, { offset: string; attempts: number }>()

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  get batchSize(): number {
    return this.#options.batchSize
  }

  async work(partition: number, messages: readonly RawMessage[]): Promise<Progress> {
    const progress: Progress = { doneOffset: undefined, pauseMs: undefined }
    const done = (entries: readonly Entry[]): void => {
      progress.doneOffset = entries.at(-1)!.message.offset
      this.#failing.delete(partition)
    }
    try {
      for (const run of this.#runsOf(partition, messages)) {
        if (run[0]!.passed) {
          this.#options.metrics.events(run[0]!.passed, 1)
          done(run)
        } else if (run[0]!.event) await this.#handleRun(partition, run, done, false)
        else await this.#bury(partition, run[0]!, 'undecodable', run[0]!.error, done)
      }
    } catch (error) {
      if (!(error instanceof Later)) throw error
      progress.pauseMs = error.pauseMs
    }
    return progress
  }

  /** Decodable neighbours together, each undecodable message alone. */
  #runsOf(partition: number, messages: readonly RawMessage[]): Entry[][] {
    const runs: Entry[][] = []
    for (const message of messages) {
      const entry = this.#decode(partition, message)
      const last = runs.at(-1)
      if (entry.event && last?.[0]?.event) last.push(entry)
      else runs.push([entry])
    }
    return runs
  }

  /** A replay for another group, and one for us whose effect would leave the platform a second time. */
  #passedOver(message: RawMessage): Entry['passed'] {
    const { group, handle } = this.#options.replays
    const meant = replayGroupOf(message)
    if (meant === undefined) return undefined
    if (meant !== group) return 'passed-over'
    return handle ? undefined : 'fenced'
  }

  #decode(partition: number, message: RawMessage): Entry {
    const passed = this.#passedOver(message)
    if (passed) return { message, event: undefined, error: undefined, passed }
    try {
      const event = decodeEvent(this.#options.definitions, message, { topic: this.#options.topic, partition })
      return { message, event, error: undefined }
    } catch (error) {
      return { message, event: undefined, error }
    }
  }

  /** `final`: the attempts are used up; what fails now is split further, and alone it is buried. */
  async #handleRun(
    partition: number,
    run: readonly Entry[],
    done: (entries: readonly Entry[]) => void,
    final: boolean
  ): Promise<void> {
    const failure = await this.#call(partition, run)
    if (failure === undefined) {
      this.#options.metrics.events('handled', run.length)
      done(run)
      return
    }
    const givenUp = this.#judge(partition, run, failure, final)
    if (run.length > 1) {
      const middle = Math.ceil(run.length / 2)
      await this.#handleRun(partition, run.slice(0, middle), done, givenUp)
      await this.#handleRun(partition, run.slice(middle), done, givenUp)
    } else if (failure instanceof Refusal) {
      this.#options.metrics.events('refused', 1)
      this.#options.log.info({ code: failure.code, eventId: run[0]!.event!.id }, 'An event was refused')
      done(run)
    } else {
      await this.#bury(partition, run[0]!, failure instanceof Fault ? 'fault' : 'bug', failure, done)
    }
  }

  /** Throws Later where trying again may help. True where a Fault has used up its attempts. */
  #judge(partition: number, run: readonly Entry[], failure: Refusal | Fault | Bug, final: boolean): boolean {
    if (!(failure instanceof Fault)) return final
    const { retry, log } = this.#options
    const attempts = this.#countAttempt(partition, run[0]!)
    const unreachable = failure.unreachable && retry.untilReachable
    if (!unreachable && (final || !failure.retryable || attempts >= retry.attempts)) return true
    const pauseMs = Math.min(retry.maxDelayMs, retry.initialDelayMs * 2 ** Math.min(attempts - 1, 20))
    this.#options.metrics.retried()
    const about = { error: failure, attempt: attempts, partition, pauseMs }
    // Once when it begins and then now and then: an outage of an hour is not a thousand lines.
    if (attempts === 1 || attempts % 20 === 0) log.warn(about, 'A batch failed and is tried again')
    else log.debug(about, 'A batch failed and is tried again')
    throw new Later(pauseMs * (0.75 + Math.random() / 2))
  }

  #countAttempt(partition: number, first: Entry): number {
    const { offset } = first.message
    const before = this.#failing.get(partition)
    const attempts = before?.offset === offset ? before.attempts + 1 : 1
    this.#failing.set(partition, { offset, attempts })
    return attempts
  }

  #attemptOf(partition: number, first: Entry): number {
    const before = this.#failing.get(partition)
    return before?.offset === first.message.offset ? before.attempts + 1 : 1
  }

  async #call(partition: number, run: readonly Entry[]): Promise<Refusal | Fault | Bug | undefined> {
    const events = run.map(({ event }) => event!)
    const attempt = this.#attemptOf(partition, run[0]!)
    const startedAt = performance.now()
    try {
      await processInSpans(this.#placeOf(partition), attempt, events, async (traced) => {
        await this.#options.handle(traced, attempt)
      })
      return undefined
    } catch (error) {
      return toFailure(error)
    } finally {
      this.#options.metrics.batch((performance.now() - startedAt) / 1000)
    }
  }

  #placeOf(partition: number) {
    const { topic, group } = this.#options
    return { topic, partition, group }
  }

  async #bury(
    partition: number,
    entry: Entry,
    reason: DeadReason,
    error: unknown,
    done: (entries: readonly Entry[]) => void
  ): Promise<void> {
    const attempts = reason === 'fault' ? (this.#failing.get(partition)?.attempts ?? 1) : 1
    const { topic, metrics, log, retry } = this.#options
    const span = deadLetterSpan(this.#placeOf(partition), entry.message, reason, attempts)
    try {
      const traceparent = span?.traceparent
      await this.#options.bury({ message: entry.message, topic, partition, reason, error, attempts, traceparent })
    } catch (failed) {
      log.warn(
        { error: failed, partition, offset: entry.message.offset },
        'A dead letter could not be stored; the partition waits'
      )
      throw new Later(retry.maxDelayMs / 4)
    } finally {
      span?.end(error)
    }
    metrics.buried(reason)
    metrics.events('dead', 1)
    log.error(
      { error, reason, partition, offset: entry.message.offset, eventId: entry.event?.id },
      'An event was put away as a dead letter'
    )
    done([entry])
  }
}

import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { logLines } from '@gavel/contracts/topics.ts'
import { HealthChecks } from '../health.ts'
import { createLog } from '../log.ts'
import { LogBuffer, type LogBufferLimits } from '../log-buffer.ts'
import { counter, gauge } from '../metrics.ts'
import type { ServiceContext } from '../service.ts'
import { createKafka } from './client.ts'
import { createUnregisteredProducer, type Producer } from './producer.ts'

export interface LogShippingSettings extends LogBufferLimits {
  brokers: readonly string[]
  topicPrefix?: string
}

export interface LogShipping {
  /** Takes a line as it was written. Never waits and never throws. */
  write(line: string): void
  /** Begins to send what was written so far and whatever comes. */
  start(context: ServiceContext): void
  /** Sends what is left, within the time given. True where nothing was left behind. */
  close(timeoutMs: number): Promise<boolean>
}

const BATCH_LINES = 1000
const BATCH_BYTES = 512 * 1024
/** What is written within this goes out in one request. */
const LINGER_MS = 100
const RETRY_MAX_MS = 5000
/** Lines may be left out again and again where more is written than can be sent; that is told so often at most. */
const TELL_MS = 10_000

/**
 * The service's log on its way to the topic `log`. It goes beside standard output and never in its way: what cannot be sent waits in a
 * bounded buffer, and when that is full the oldest lines are left out and counted. The client it sends with has no log, or each
 * line sent would make another.
 */
export function createLogShipping(settings: LogShippingSettings): LogShipping {
  let wake = (): void => undefined
  const buffer = new LogBuffer(settings, () => wake())
  const shipper = new Shipper(settings, buffer)
  wake = () => shipper.wake()
  return {
    write: (line) => buffer.write(line),
    start: (context) => shipper.start(context),
    close: async (timeoutMs) => await shipper.close(timeoutMs)
  }
}

class Shipper {
  readonly #settings: LogShippingSettings
  readonly #buffer: LogBuffer
  readonly #process = randomBytes(9).toString('base64url')
  readonly #closing = new AbortController()
  #producer: Producer | undefined
  #running: Promise<void> | undefined
  #wake: (() => void) | undefined
  #failingSince: number | undefined
  #toldDropped = 0
  #toldAt = 0

  constructor(settings: LogShippingSettings, buffer: LogBuffer) {
    this.#settings = settings
    this.#buffer = buffer
  }

  start(context: ServiceContext): void {
    const silent = createLog({ service: context.name, level: 'silent' })
    // With a health of its own: that the log waits takes no service out of use.
    const kafka = createKafka(this.#settings, { ...context, log: silent, health: new HealthChecks() })
    this.#producer = createUnregisteredProducer(kafka)
    this.#measure(context)
    this.#running = this.#run(this.#producer, kafka.topicName(logLines), context)
  }

  wake(): void {
    this.#wake?.()
  }

  async close(timeoutMs: number): Promise<boolean> {
    if (!this.#running) return this.#buffer.lines === 0
    const over = new AbortController()
    // Holds the process, so that it does not end before the rest is sent.
    const late = delay(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined)
    this.#closing.abort()
    this.wake()
    await Promise.race([this.#running, late])
    const isEmpty = this.#buffer.lines === 0
    const closed = this.#producer?.close().catch(() => undefined)
    if (isEmpty) await Promise.race([closed, late])
    over.abort()
    return isEmpty
  }

  async #run(producer: Producer, topic: string, context: ServiceContext): Promise<void> {
    const { signal } = this.#closing
    let failures = 0
    for (;;) {
      if (this.#buffer.lines === 0) {
        if (signal.aborted) return
        await new Promise<void>((resolve) => (this.#wake = resolve))
        this.#wake = undefined
        await pause(LINGER_MS, signal)
        continue
      }
      try {
        await this.#send(producer, topic)
        failures = 0
        this.#tellRecovery(context)
      } catch (error) {
        failures += 1
        this.#tellFailure(context, error)
        const pauseMs = Math.min(RETRY_MAX_MS, 200 * 2 ** Math.min(failures, 10)) * (0.75 + Math.random() / 2)
        // At the end it is tried at short intervals, for as long as the process waits.
        await (signal.aborted ? delay(100, undefined, { ref: false }) : pause(pauseMs, signal))
      }
    }
  }

  async #send(producer: Producer, topic: string): Promise<void> {
    const lines = this.#buffer.take(BATCH_LINES, BATCH_BYTES)
    await producer.send(
      lines.map(({ sequence, text }) => ({
        topic,
        key: this.#process,
        value: text,
        // The same when it is sent again, because the broker may have stored it though it did not say so.
        headers: { id: `${this.#process}.${String(sequence).padStart(12, '0')}`, 'content-type': 'application/json' }
      }))
    )
    this.#buffer.settle()
  }

  /** Each is one line for an outage, however long: it is the log itself that is written about here. */
  #tellFailure({ log }: ServiceContext, error: unknown): void {
    if (this.#failingSince !== undefined) return
    this.#failingSince = performance.now()
    log.warn({ error }, 'The log is not shipped for now: it waits for the broker')
  }

  #tellRecovery({ log }: ServiceContext): void {
    const now = performance.now()
    const dropped = this.#buffer.dropped - this.#toldDropped
    const since = this.#failingSince
    this.#failingSince = undefined
    if (since === undefined && (dropped === 0 || now - this.#toldAt < TELL_MS)) return
    this.#toldDropped = this.#buffer.dropped
    this.#toldAt = now
    const about = { dropped, ...(since === undefined ? {} : { awayMs: Math.round(now - since) }) }
    if (dropped > 0) log.warn(about, 'Lines of the log were left out on the way to the broker')
    else log.info(about, 'The log is shipped again')
  }

  #measure({ metrics }: ServiceContext): void {
    const buffer = this.#buffer
    const dropped = counter(metrics, {
      name: 'log_lines_dropped_total',
      help: 'Lines of the log left out because too many waited for the broker.',
      collect() {
        this.reset()
        this.inc(buffer.dropped)
      }
    })
    dropped.inc(0)
    gauge(metrics, {
      name: 'log_lines_waiting',
      help: 'Lines of the log that wait for the broker.',
      collect() {
        this.set(buffer.lines)
      }
    })
    gauge(metrics, {
      name: 'log_waiting_bytes',
      help: 'Bytes of the log that wait for the broker.',
      collect() {
        this.set(buffer.bytes)
      }
    })
  }
}

const pause = async (ms: number, signal: AbortSignal): Promise<void> =>
  await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)

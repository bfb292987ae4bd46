import type { Pool } from 'pg'
import type { ServiceContext } from '@gavel/platform/service.ts'
import { toFailure } from '@gavel/platform/errors.ts'
import { withSpan } from '@gavel/platform/telemetry.ts'
import { backOffMs, nextStep, onAnswer, type ChargeAnswer, type Step } from './domain/payment.ts'
import type { PaymentMetrics } from './metrics.ts'
import type { PaymentProvider } from './provider/port.ts'
import { claim, postponeClaim, settle, type Claim } from './store/decide.ts'

export interface WorkerOptions {
  /** Calls to the provider at once. */
  concurrency: number
  /** Longer than any call takes, repeats included: after it, the claim of a process that died is taken over. */
  leaseMs: number
  /** From first asking for a capture to giving up on an answer. A price that waited longer to be asked for is asked for still. */
  captureTimeoutMs: number
  retry: { initialMs: number; maximumMs: number }
  /** How long to sleep when nothing is announced: covers a lost notice and leases that ran out. */
  pollMs: number
}

export interface Worker {
  /** Something became due. */
  wake(): void
  /** Takes up nothing new and ends when the calls in hand are answered. */
  stop(): Promise<void>
}

interface WorkerParts {
  pool: Pool
  provider: PaymentProvider
  metrics: PaymentMetrics
  options: WorkerOptions
  random?: () => number
}

/** Asks the provider for what is due, each payment by one claim at a time, and writes down every certain answer. */
export function startWorker(context: ServiceContext, parts: WorkerParts): Worker {
  const { pool, options } = parts
  const running = new Set<Promise<void>>()
  let stopping = false
  let woken = true
  let turn: (() => void) | undefined

  const wake = (): void => {
    woken = true
    turn?.()
  }
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      turn = () => {
        clearTimeout(timer)
        resolve()
      }
      if (woken || stopping) turn()
    })

  const start = (work: Claim): void => {
    const job = handle(context, parts, work).then((againInMs) => {
      running.delete(job)
      if (againInMs !== undefined && againInMs < options.pollMs) setTimeout(wake, againInMs).unref()
      wake()
    })
    running.add(job)
  }

  async function loop(): Promise<void> {
    while (!stopping) {
      woken = false
      const room = options.concurrency - running.size
      if (room > 0) {
        try {
          const claims = await claim(pool, room, options.leaseMs, context.clock())
          claims.forEach(start)
          if (claims.length === room) woken = true
        } catch (error) {
          context.log.warn({ error }, 'Due payments could not be taken up: trying again')
        }
      }
      if (running.size >= options.concurrency) await Promise.race(running)
      else if (!woken) await sleep(options.pollMs)
    }
    await Promise.all(running)
  }
  const ended = loop()

  return {
    wake,
    async stop() {
      stopping = true
      turn?.()
      await ended
    }
  }
}

/** Never throws. Returns after how long the payment is to be asked about again, if it is. */
async function handle(context: ServiceContext, parts: WorkerParts, work: Claim): Promise<number | undefined> {
  const { pool, provider, metrics, options } = parts
  const { payment, attempt } = work
  const { orderNumber } = payment.sale
  const step = nextStep(payment, attempt, work.ageMs > options.captureTimeoutMs)
  if (!step) {
    metrics.outcome(payment)
    return undefined
  }
  try {
    await withSpan({ name: `${step.ask} payment`, kind: 'client', parent: work.traceparent }, async () => {
      const answer = await metrics.timed(step.ask, () => ask(provider, step, payment.sale))
      const { next } = await settle(pool, orderNumber, (current) => onAnswer(current, answer, context.clock()))
      metrics.outcome(next)
    })
    return undefined
  } catch (error) {
    const waitMs = backOffMs(attempt, (parts.random ?? Math.random)(), options.retry)
    const level = toFailure(error).name === 'Fault' ? 'warn' : 'error'
    context.log[level](
      { error, orderNumber, attempt, step: step.ask, waitMs },
      'The outcome is not known: asking again with the same key'
    )
    await postponeClaim(pool, work, waitMs).catch((cause: unknown) =>
      // The lease brings the payment back by itself.
      context.log.warn({ error: cause, orderNumber }, 'A claim could not be put off')
    )
    return waitMs
  }
}

async function ask(
  provider: PaymentProvider,
  step: Step,
  sale: { orderNumber: string; totalMinor: number; currency: string }
): Promise<ChargeAnswer> {
  const key = sale.orderNumber
  const capture = (token: string) =>
    provider.capture({ key, token, amountMinor: sale.totalMinor, currency: sale.currency })
  switch (step.ask) {
    case 'capture':
      return await capture(step.token)
    case 'look-up-then-capture':
      return (await provider.lookUp(key)) ?? (await capture(step.token))
    case 'cancel':
      return await provider.cancel(key)
    case 'refund':
      return await provider.refund({ key: `refund.${key}`, chargeId: step.chargeId })
  }
}

import { setTimeout as delay } from 'node:timers/promises'

export type EventuallyOptions = {
  /** The bound. Generous on purpose: it is a bound against hanging, not a demand on speed. */
  withinMs?: number
  everyMs?: number
  /** What is waited for, for the message when it does not come. */
  what?: string
}

/**
 * Waits until the check returns something truthy without throwing, and returns that. The last failure is in the message,
 * so that a condition that never came says how far things got.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  options: EventuallyOptions = {}
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const { withinMs = 30_000, everyMs = 50, what = 'the condition' } = options
  const end = performance.now() + withinMs
  let last: unknown
  do {
    try {
      const value = await check()
      if (value) return value as Exclude<T, false | null | undefined | 0 | ''>
      last = undefined
    } catch (error) {
      last = error
    }
    await delay(everyMs)
  } while (performance.now() < end)
  throw new Error(`Waited ${withinMs / 1000} s in vain for ${what}`, last === undefined ? undefined : { cause: last })
}

import { createRequire } from 'node:module'

/** What kafkajs 2.2.4 keeps of the requests of one connection, as far as it matters here. */
interface RequestQueue {
  pending: { length: number }
  /** Milliseconds since the epoch; -1 where the broker has never asked for a pause. */
  throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
}

/** As often as the library itself looks at requests that wait for room. */
const LOOK_MS = 10

function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return
  const waitMs = this.throttledUntil - Date.now()
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    waitMs > 0 ? waitMs : LOOK_MS
  )
}

/**
 * Lets idle connections sleep. From its first answer on, each connection of kafkajs wakes its process a thousand times a second: it looks
 * for requests that wait, finds none, and sets the next look for a time that has passed, which is one millisecond. A service has a
 * dozen connections. Here a look is set only while something waits.
 */
export function letConnectionsSleep(): void {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    prototype: RequestQueue & { scheduleCheckPendingRequests(): void }
  }
  prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests
}

import { useSyncExternalStore } from 'react'

/** What a screen reader is told without being asked: short, and the newest word counts. */
let text = ''
const listeners = new Set<() => void>()

export function announce(words: string): void {
  // The same words twice are said twice: an added space makes them new.
  text = words === text ? `${words}\u00a0` : words
  for (const listener of listeners) listener()
}

export function Announcer() {
  const words = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => text
  )
  return (
    <div className="visually-hidden" aria-live="polite" aria-atomic="true" id="announcer">
      {words}
    </div>
  )
}

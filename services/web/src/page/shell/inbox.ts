import type { Notification } from '@gavel/contracts/api/notification.ts'
import type { LiveInbox } from '@gavel/contracts/api/web-socket.ts'
import { useEffect, useSyncExternalStore } from 'react'
import { queryClient } from '../api/query.ts'
import { subscribe, type StreamFrame } from '../api/live.ts'
import { useAccount } from '../api/session.ts'
import { announce } from '../parts/announce.tsx'

/** The stream `me`: what was told to this person, as it is told. */
let unread = 0
const listeners = new Set<() => void>()

function setUnread(next: number): void {
  unread = Math.max(0, next)
  for (const listener of listeners) listener()
}
export const oneWasRead = (): void => setUnread(unread - 1)

function receive(frame: StreamFrame): void {
  if (frame.type === 'snapshot') return setUnread((frame.state as LiveInbox).unread)
  const notification = frame.data as Notification
  setUnread(unread + 1)
  announce(`${notification.title}. ${notification.text}`)
  void queryClient.invalidateQueries({ queryKey: ['listNotifications'] })
}

export function useUnread(): number {
  const userId = useAccount()?.userId
  useEffect(() => {
    setUnread(0)
    return userId === undefined ? undefined : subscribe('me', receive)
  }, [userId])
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => unread
  )
}

import type { LiveFrame } from '@gavel/contracts/api/web-socket.ts'
import { useSyncExternalStore } from 'react'
import { serverTimeIs } from './clock.ts'
import { accessToken, onSessionChange } from './session.ts'

/**
 * The live stream: one WebSocket for everything on the page. After a break it comes back by itself, asks each stream for what followed the
 * last sequence it has, and so misses nothing.
 */
export type StreamFrame = Extract<LiveFrame, { type: 'snapshot' | 'event' }>
export type LinkState = 'idle' | 'connecting' | 'live' | 'offline'

type Subscription = { listeners: Set<(frame: StreamFrame) => void>; sequence: number | undefined }

const subscriptions = new Map<string, Subscription>()
const linkListeners = new Set<() => void>()
let socket: WebSocket | undefined
let retry: ReturnType<typeof setTimeout> | undefined
let failures = 0
let generation = 0
let state: LinkState = 'idle'

function stateIs(next: LinkState): void {
  if (state === next) return
  state = next
  for (const listener of linkListeners) listener()
}

export const useLinkState = (): LinkState =>
  useSyncExternalStore(
    (listener) => {
      linkListeners.add(listener)
      return () => linkListeners.delete(listener)
    },
    () => state
  )

function send(frame: object): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame))
}

const ask = (stream: string, { sequence }: Subscription): void =>
  send({ type: 'subscribe', stream, ...(sequence !== undefined && { afterSequence: sequence }) })

/** Follows a stream until the returned function is called. Whoever joins a stream that is followed already gets a snapshot anew. */
export function subscribe(stream: string, listener: (frame: StreamFrame) => void): () => void {
  const subscription = subscriptions.get(stream) ?? { listeners: new Set(), sequence: undefined }
  subscriptions.set(stream, subscription)
  subscription.listeners.add(listener)
  subscription.sequence = undefined
  if (state === 'idle') void connect()
  else ask(stream, subscription)
  return () => {
    subscription.listeners.delete(listener)
    if (subscription.listeners.size > 0 || subscriptions.get(stream) !== subscription) return
    subscriptions.delete(stream)
    send({ type: 'unsubscribe', stream })
  }
}

function receive(frame: LiveFrame): void {
  if (frame.type === 'time') return serverTimeIs(frame.serverTimeMs)
  if (frame.type === 'problem') return
  const subscription = subscriptions.get(frame.stream)
  if (!subscription) return
  if (frame.type === 'event' && subscription.sequence !== undefined && frame.sequence <= subscription.sequence) return
  subscription.sequence = frame.sequence
  for (const listener of subscription.listeners) listener(frame)
}

function later(): void {
  clearTimeout(retry)
  failures += 1
  stateIs(navigator.onLine ? 'connecting' : 'offline')
  const mostMs = Math.min(15_000, 250 * 2 ** Math.min(failures, 6))
  retry = setTimeout(() => void connect(), mostMs * (0.5 + Math.random() / 2))
}

export const webSocketAddress = (path: string): string =>
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`
export const webSocketProtocols = (token: string | undefined): string[] => [
  'gavel.v1',
  ...(token ? [`bearer.${token}`] : [])
]

/** Opens the stream, or opens it anew with the present session. */
export async function connect(): Promise<void> {
  clearTimeout(retry)
  const mine = ++generation
  socket?.close()
  if (state !== 'offline') stateIs('connecting')
  const token = await accessToken()
  if (mine !== generation) return
  const opened = new WebSocket(webSocketAddress('/ws/live'), webSocketProtocols(token))
  socket = opened
  opened.addEventListener('open', () => {
    failures = 0
    stateIs('live')
    for (const [stream, subscription] of subscriptions) ask(stream, subscription)
  })
  opened.addEventListener('message', ({ data }) => receive(JSON.parse(String(data)) as LiveFrame))
  opened.addEventListener('close', () => {
    if (mine === generation) later()
  })
}

export function startLive(): void {
  window.addEventListener('online', () => void connect())
  window.addEventListener('offline', () => {
    generation += 1
    socket?.close()
    later()
    stateIs('offline')
  })
  let account = ''
  onSessionChange(() => {
    // A renewed token is the same person: the stream goes on.
    const token = localStorage.getItem('gavel.session') ?? ''
    const userId = /"userId":"([^"]*)"/.exec(token)?.[1] ?? ''
    if (userId === account) return
    account = userId
    void connect()
  })
  void connect()
}

import { serverTimeIs } from './clock.js'
import { accessToken } from './session.js'

/**
 * The live stream: one WebSocket for everything on the page. After a break it comes back by itself, asks each stream for
 * what followed the last sequence it has, and so misses nothing.
 */

/** @typedef {{ sequence: number, name?: string, data?: any, state?: any }} Frame */
/** @typedef {{ onFrame: (frame: Frame) => void, sequence: number | undefined }} Subscription */

/** @type {Map<string, Subscription>} */
const subscriptions = new Map()
/** @type {WebSocket | undefined} */
let socket
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry
let failures = 0
let generation = 0
/** @type {(state: 'live' | 'connecting' | 'offline') => void} */
let tell = () => undefined

/** @param {(state: 'live' | 'connecting' | 'offline') => void} listener */
export function onLinkState(listener) {
  tell = listener
}

/** @param {object} frame */
function send(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame))
}

/** @param {string} stream @param {Subscription} subscription */
function ask(stream, subscription) {
  const after = subscription.sequence
  send({ type: 'subscribe', stream, ...(after !== undefined && { afterSequence: after }) })
}

/** @param {string} stream @param {(frame: Frame) => void} onFrame */
export function subscribe(stream, onFrame) {
  const subscription = { onFrame, sequence: undefined }
  subscriptions.set(stream, subscription)
  ask(stream, subscription)
}

/** @param {string} stream */
export function unsubscribe(stream) {
  if (subscriptions.delete(stream)) send({ type: 'unsubscribe', stream })
}

/** @param {any} frame */
function receive(frame) {
  if (frame.type === 'time') return serverTimeIs(frame.serverTimeMs)
  const subscription = subscriptions.get(frame.stream)
  if (!subscription || frame.type === 'problem') return
  const { sequence } = subscription
  if (frame.type === 'event' && sequence !== undefined && frame.sequence <= sequence) return
  subscription.sequence = frame.sequence
  subscription.onFrame(frame)
}

function later() {
  clearTimeout(retry)
  failures += 1
  tell(navigator.onLine ? 'connecting' : 'offline')
  const most = Math.min(15_000, 500 * 2 ** Math.min(failures, 6))
  retry = setTimeout(() => void connect(), most * (0.5 + Math.random() / 2))
}

/** Opens the stream, or opens it anew with the present session. */
export async function connect() {
  clearTimeout(retry)
  const mine = ++generation
  socket?.close()
  const token = await accessToken()
  if (mine !== generation) return
  const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/live`
  const opened = new WebSocket(address, ['gavel.v1', ...(token ? [`bearer.${token}`] : [])])
  socket = opened
  opened.addEventListener('open', () => {
    failures = 0
    tell('live')
    for (const [stream, subscription] of subscriptions) ask(stream, subscription)
  })
  opened.addEventListener('message', ({ data }) => receive(JSON.parse(data)))
  opened.addEventListener('close', () => {
    if (mine === generation) later()
  })
}

window.addEventListener('online', () => void connect())
window.addEventListener('offline', () => tell('offline'))

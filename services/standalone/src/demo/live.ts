import { bearerProtocolPrefix, webSocketProtocol, type LiveFrame } from '@gavel/contracts/api/web-socket.ts'
import { NotObserved } from './narrator.ts'

/** A person watching `/ws/live`: everything that arrives is kept, and can be waited for. */
export type Watch = {
  subscribe(stream: string): Promise<void>
  /** What the look makes of the first frame, past or to come, that it makes something of. */
  frame<Seen>(claim: string, look: (frame: LiveFrame) => Seen | undefined, boundMs?: number): Promise<Seen>
  close(): void
}

const subscribeBoundMs = 15_000
const subscribeAgainMs = 250

export async function watch(gatewayUrl: string, token: string): Promise<Watch> {
  const url = `${gatewayUrl.replace(/^http/, 'ws')}/ws/live`
  const socket = new WebSocket(url, [webSocketProtocol, `${bearerProtocolPrefix}${token}`])
  const frames: LiveFrame[] = []
  const looks = new Set<() => void>()
  socket.addEventListener('message', ({ data }) => {
    frames.push(JSON.parse(String(data)) as LiveFrame)
    for (const look of looks) look()
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve(), { once: true })
    socket.addEventListener('error', () => reject(new NotObserved(`The live stream at ${url} did not open`)), {
      once: true
    })
  })
  const frame: Watch['frame'] = (claim, look, boundMs = 15_000) =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        for (const candidate of frames) {
          const seen = look(candidate)
          if (seen === undefined) continue
          clearTimeout(bound)
          looks.delete(check)
          return resolve(seen)
        }
      }
      const bound = setTimeout(() => {
        looks.delete(check)
        const problem = frames.find(({ type }) => type === 'problem')
        reject(
          new NotObserved(`${claim}: not within ${boundMs / 1000} s${problem ? `; ${JSON.stringify(problem)}` : ''}`)
        )
      }, boundMs)
      looks.add(check)
      check()
    })
  // The live service hears of a new auction by an event, so a moment after its opening it may not know it yet.
  const subscribe = async (stream: string): Promise<void> => {
    const ask = (): void => socket.send(JSON.stringify({ type: 'subscribe', stream }))
    ask()
    const again = setInterval(ask, subscribeAgainMs)
    const answers = (sent: LiveFrame): true | undefined =>
      sent.type === 'snapshot' && sent.stream === stream ? true : undefined
    try {
      await frame(`The stream ${stream} answers with a snapshot`, answers, subscribeBoundMs)
    } finally {
      clearInterval(again)
    }
  }
  return { subscribe, frame, close: () => socket.close() }
}

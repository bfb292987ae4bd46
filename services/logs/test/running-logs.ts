import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { FollowLogsFrame, LogLine, LogTraceFrame } from '@gavel/contracts/api/logs.ts'
import { Secret } from '@gavel/platform/config.ts'
import { createKafka } from '@gavel/platform/kafka/client.ts'
import { createMongo } from '@gavel/platform/mongo/client.ts'
import { createContext } from '@gavel/platform/service.ts'
import { freshMongodb, type FreshTopics } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'
import { testTokens } from '../../../test/support/tokens.ts'
import { buildApp } from '../src/app.ts'
import { storeLines } from '../src/consumers/store-lines.ts'
import type { TraceLimits } from '../src/live/trace.ts'
import { TraceHub } from '../src/live/trace-hub.ts'
import { createLogsMetrics } from '../src/metrics.ts'
import { linesOf, prepareLines } from '../src/store/lines.ts'

export type RunningLogs = Awaited<ReturnType<typeof runLogs>>

/** The service as main.ts puts it together, without a process. Without topics it only answers requests. */
export async function runLogs({
  topics,
  limits,
  database = freshMongodb('logs')
}: {
  topics?: FreshTopics
  limits?: Partial<TraceLimits>
  database?: { url: string; database: string; release?: () => Promise<void> }
} = {}) {
  const context = createContext({ name: 'logs', logLevel: 'silent' })
  const { db } = await createMongo({ url: new Secret(database.url), database: database.database }, context)
  const lines = linesOf(db)
  await prepareLines(db, 3_600_000, context.log)
  const metrics = createLogsMetrics(context.metrics)
  if (topics) storeLines(context, createKafka(topics, context), { lines, metrics })
  const hub = new TraceHub(context, { db, lines, metrics })
  context.closers.add('traces', async () => await hub.stop(), 'relays')
  const tokens = await testTokens()
  const http = { trustedProxies: [], bodyLimitBytes: 65_536, requestTimeoutMs: 10_000, origins: ['https://gavel.test'] }
  const traces = {
    max: 10,
    queueLinesMax: 2000,
    queueBytesMax: 2 * 1024 * 1024,
    bufferBytesMax: 64 * 1024,
    stallMs: 30_000,
    ...limits
  }
  const app = buildApp({ context, http, auth: tokens.authenticator, lines, hub, traces })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const { authorization } = await tokens.signIn('admin-1', 'admin')
  return {
    context,
    db,
    lines,
    url,
    database,
    signIn: tokens.signIn,
    token: authorization.slice('Bearer '.length),
    async search(query: Record<string, string | number>): Promise<{ items: LogLine[]; nextCursor?: string }> {
      const parameters = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])
      )
      const response = await fetch(`${url}/api/logs?${parameters.toString()}`, { headers: { authorization } })
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
      return (await response.json()) as { items: LogLine[]; nextCursor?: string }
    },
    async stop() {
      await context.closers.closeAll(20_000)
      await database.release?.()
    }
  }
}

/** A reader of /ws/logs. */
export class TraceReader {
  readonly frames: LogTraceFrame[] = []
  readonly socket: WebSocket

  private constructor(socket: WebSocket) {
    this.socket = socket
    socket.on('message', (data: Buffer) => this.frames.push(JSON.parse(data.toString()) as LogTraceFrame))
  }

  static async open(url: string, token: string): Promise<TraceReader> {
    const reader = new TraceReader(
      new WebSocket(`${url.replace('http', 'ws')}/ws/logs`, ['gavel.v1', `bearer.${token}`])
    )
    await once(reader.socket, 'open')
    return reader
  }

  follow(filter: FollowLogsFrame['filter'], more: Partial<FollowLogsFrame> = {}): void {
    this.socket.send(JSON.stringify({ type: 'follow', filter, ...more }))
  }

  /** The messages of the lines told, of one filter where its followId is given. */
  messages(followId?: string): string[] {
    return this.frames.flatMap((frame) =>
      frame.type === 'lines' && (followId === undefined || frame.followId === followId)
        ? frame.lines.map(({ message }) => message)
        : []
    )
  }

  get dropped(): number {
    return this.frames.reduce((sum, frame) => sum + (frame.type === 'dropped' ? frame.count : 0), 0)
  }

  async until(check: (reader: this) => unknown, what = 'the frames'): Promise<void> {
    await eventually(() => Boolean(check(this)), { everyMs: 20, what })
  }

  /** Until the history of this filter is told. */
  async live(followId?: string): Promise<void> {
    await this.until(
      ({ frames }) => frames.some((frame) => frame.type === 'live' && frame.followId === followId),
      'the trace to be live'
    )
  }

  async close(): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return
    this.socket.terminate()
    await once(this.socket, 'close')
  }
}

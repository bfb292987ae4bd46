import type { Import, ImportRow } from '@gavel/contracts/api/catalog.ts'
import pg from 'pg'
import { freshPostgres, freshRedis, freshTopics } from './database.ts'
import { eventually } from './eventually.ts'
import { startIssuer } from './issuer.ts'
import { startServiceProcess, type ServiceProcess } from './service-process.ts'

const names = ['catalog', 'inventory'] as const
type Name = (typeof names)[number]

export interface Answer {
  status: number
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks at whatever came.
  body: any
}

export type Importing = Awaited<ReturnType<typeof startImporting>>

/** catalog and inventory as processes of their own on real backends, which a test may kill. */
export async function startImporting({ nodeFlags = [] }: { nodeFlags?: string[] } = {}) {
  const topics = await freshTopics('imports', { partitions: 3 })
  const issuer = await startIssuer()
  const redis = freshRedis('imports')
  const databases = { catalog: await freshPostgres('catalog'), inventory: await freshPostgres('inventory') }
  const pools = Object.fromEntries(
    names.map((name) => [name, new pg.Pool({ connectionString: databases[name].url, max: 2 })])
  ) as Record<Name, pg.Pool>
  const urls = {} as Record<Name, string>
  const running = {} as Record<Name, ServiceProcess>

  const start = async (name: Name): Promise<void> => {
    const env = {
      POSTGRES_URL: databases[name].url,
      REDIS_URL: redis.url,
      REDIS_KEY_PREFIX: redis.keyPrefix,
      KAFKA_BROKERS: topics.brokers.join(','),
      KAFKA_TOPIC_PREFIX: topics.topicPrefix,
      EVENTLOG_URL: 'http://127.0.0.1:1',
      ...issuer.environment
    }
    running[name] = await startServiceProcess(name, env, { url: urls[name], nodeFlags })
    urls[name] = running[name].url
  }
  await Promise.all(names.map(start))
  const authorization = `Bearer ${await issuer.token({ userId: 'alice', role: 'admin', expiresInS: 3_600 })}`

  const call = async (method: string, path: string, body?: string | ReadableStream, type?: string): Promise<Answer> => {
    const response = await fetch(`${urls[path.startsWith('/api/stock') ? 'inventory' : 'catalog']}${path}`, {
      method,
      headers: { authorization, ...(type !== undefined && { 'content-type': type }) },
      ...(body !== undefined && { body, duplex: 'half' })
    } as RequestInit)
    const text = await response.text()
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    return { status: response.status, body: isJson ? JSON.parse(text) : text }
  }
  const read = async (importId: string): Promise<Import> => (await call('GET', `/api/imports/${importId}`)).body

  return {
    topics,
    pools,
    urls,
    authorization,
    call,
    read,
    upload: async (importId: string, text: string | ReadableStream, type = 'text/csv') =>
      await call('PUT', `/api/imports/${importId}`, text, type),
    whenDone: async (importId: string): Promise<Import> =>
      await eventually(
        async () => {
          const found = await read(importId)
          if (found.state !== 'done') throw new Error(JSON.stringify(found))
          return found
        },
        { what: 'the import to end', withinMs: 280_000, everyMs: 200 }
      ),
    rows: async (importId: string, query = ''): Promise<ImportRow[]> => {
      const rows: ImportRow[] = []
      for (let cursor: string | undefined = ''; cursor !== undefined;) {
        const more: string = cursor === '' ? '' : `&cursor=${cursor}`
        const { body }: Answer = await call('GET', `/api/imports/${importId}/rows?limit=200${query}${more}`)
        rows.push(...body.items)
        cursor = body.nextCursor
      }
      return rows
    },
    kill: async (name: Name): Promise<void> => {
      await running[name].end('SIGKILL')
      await start(name)
    },
    release: async (): Promise<void> => {
      for (const name of names) {
        await running[name].end('SIGTERM')
        await pools[name].end()
        await databases[name].release()
      }
      await redis.release()
      await issuer.stop()
      await topics.release()
    }
  }
}

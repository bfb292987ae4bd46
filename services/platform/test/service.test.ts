import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import pg from 'pg'
import { createKafka, ensureTopics } from '@gavel/platform/kafka/client.ts'
import { createLog } from '@gavel/platform/log.ts'
import { createContext } from '@gavel/platform/service.ts'
import { backends } from '../../../test/support/backends.ts'
import { freshPostgres } from '../../../test/support/database.ts'
import { eventually } from '../../../test/support/eventually.ts'

interface Line {
  message: string
  level: string
  [member: string]: unknown
}

class Process {
  readonly child: ChildProcessWithoutNullStreams
  readonly lines: Line[] = []
  readonly exited: Promise<number | null>

  constructor(env: Record<string, string>) {
    const { PATH = '' } = process.env
    this.child = spawn(process.execPath, [new URL('./support/service-process.ts', import.meta.url).pathname], {
      env: { PATH, ...env }
    })
    let rest = ''
    this.child.stdout.on('data', (chunk) => {
      rest += String(chunk)
      const parts = rest.split('\n')
      rest = parts.pop()!
      this.lines.push(...parts.filter((part) => part.startsWith('{')).map((part) => JSON.parse(part) as Line))
    })
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null)
  }

  async line(message: string): Promise<Line> {
    return await eventually(() => this.lines.find((line) => line.message === message), {
      what: `the line “${message}”`
    })
  }

  async base(): Promise<string> {
    return String((await this.line('Listening')).address)
  }
}

let database: Awaited<ReturnType<typeof freshPostgres>>
let env: Record<string, string>
const running: Process[] = []

const start = (more: Record<string, string> = {}): Process => {
  const made = new Process({ ...env, ...more })
  running.push(made)
  return made
}

beforeEach(async () => {
  database = await freshPostgres()
  const topicPrefix = `t${randomBytes(5).toString('hex')}.`
  const context = createContext({ name: 'platform', log: createLog({ service: 'test', level: 'silent' }) })
  await ensureTopics(createKafka({ brokers: backends().kafka.split(','), topicPrefix }, context), [
    { name: 'facts', partitions: 2 }
  ])
  env = {
    HOST: '127.0.0.1',
    PORT: '0',
    KAFKA_BROKERS: backends().kafka,
    KAFKA_TOPIC_PREFIX: topicPrefix,
    POSTGRES_URL: database.url
  }
})

afterEach(async () => {
  for (const each of running.splice(0)) {
    each.child.kill('SIGKILL')
    await each.exited
  }
  await database.release()
})

const numbers = async (): Promise<number[]> => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query<{ number: number }>('select number from counts order by number')).rows.map(
      ({ number }) => number
    )
  } finally {
    await client.end()
  }
}

describe('a process', () => {
  it('that is told to end answers what it has begun, takes nothing new, finishes the batch in hand and exits 0', async () => {
    const service = start()
    const base = await service.base()
    expect((await fetch(`${base}/api/count/1`, { method: 'POST' })).status).toBe(201)
    await eventually(async () => (await numbers()).includes(1))
    const inFlight = [2, 3, 4].map(
      async (number) => (await fetch(`${base}/api/count/${number}`, { method: 'POST' })).status
    )
    await eventually(() => service.lines.filter(({ message }) => message === 'Counting').length === 4)
    service.child.kill('SIGTERM')
    expect(await Promise.all(inFlight)).toEqual([201, 201, 201])
    expect(await service.exited).toBe(0)
    expect(await service.line('Ended')).toMatchObject({ reason: 'SIGTERM', clean: true })
    await expect(fetch(`${base}/livez`)).rejects.toThrow('fetch failed')
    // Whatever the first did not get to, the second does; each once, by its stable key.
    const second = start()
    await second.base()
    await eventually(async () => new Set(await numbers()).size === 4)
  })

  it('is not ready from the first moment of its end, while it still answers', async () => {
    const service = start({ DRAIN_DELAY_MS: '1000' })
    const base = await service.base()
    expect(await (await fetch(`${base}/readyz`)).json()).toMatchObject({
      status: 'ready',
      parts: { postgres: { status: 'up' }, kafka: { status: 'up' } }
    })
    service.child.kill('SIGTERM')
    await service.line('Ending')
    const response = await fetch(`${base}/readyz`)
    expect([response.status, ((await response.json()) as { status: string }).status]).toEqual([503, 'not-ready'])
    expect((await fetch(`${base}/api/count/9`, { method: 'POST' })).status).toBe(201)
    expect(await service.exited).toBe(0)
  })

  it('ends though something hangs, when its time is over', async () => {
    const service = start({ DRAIN_TIMEOUT_MS: '1' })
    const base = await service.base()
    const cut = fetch(`${base}/api/count/1`, { method: 'POST' }).catch(() => 'cut')
    await service.line('Counting')
    service.child.kill('SIGTERM')
    expect(await service.exited).toBe(1)
    expect(await service.line('Ended')).toMatchObject({ clean: false })
    await cut
  })

  it('ends in good order after an error that nobody caught, and says which', async () => {
    const service = start()
    const base = await service.base()
    await fetch(`${base}/crash`).catch(() => undefined)
    expect(await service.exited).toBe(1)
    expect(await service.line('Nobody caught this error: the process ends')).toMatchObject({
      level: 'fatal',
      error: { message: 'nobody catches this' }
    })
    expect(await service.line('Ended')).toMatchObject({ clean: true })
  })

  it('that lacks configuration names all of it and exits 78', async () => {
    const service = start({ KAFKA_BROKERS: '', POSTGRES_URL: 'mysql://gavel:hunter2@db/x', PORT: 'http' })
    expect(await service.exited).toBe(78)
    expect(service.lines[0]).toMatchObject({
      level: 'fatal',
      problems: [
        'PORT must be a whole number',
        'KAFKA_BROKERS is missing',
        expect.stringMatching(/^POSTGRES_URL must be a URL that starts with postgres:/)
      ]
    })
    expect(JSON.stringify(service.lines)).not.toContain('hunter2')
  })

  it('starts and serves while Kafka is away, and says so', async () => {
    const service = start({ KAFKA_BROKERS: '127.0.0.1:1' })
    const base = await service.base()
    expect((await fetch(`${base}/api/count/1`, { method: 'POST' })).status).toBe(201)
    expect(await (await fetch(`${base}/readyz`)).json()).toMatchObject({
      status: 'ready',
      parts: { kafka: { status: 'down', error: 'ECONNREFUSED' } }
    })
    service.child.kill('SIGTERM')
    expect(await service.exited).toBe(0)
  })
})

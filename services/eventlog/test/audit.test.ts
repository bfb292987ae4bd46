import type { AuditedAct } from '@gavel/contracts/api/audit.ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freshPostgres } from '../../../test/support/database.ts'
import { anEvent, record } from './log-under-test.ts'
import { runEventlog } from './running-eventlog.ts'

let log: Awaited<ReturnType<typeof runEventlog>>
let admin: { authorization: string }
const releases: (() => Promise<unknown>)[] = []

const operations = ['addProduct', 'setStock', 'removeProduct'] as const
const act = (number: number) => ({
  actId: `act-${number}`,
  userId: `admin-${number % 2}`,
  role: 'admin',
  service: number % 3 === 1 ? 'inventory' : 'catalog',
  operation: operations[number % 3]!,
  params: { productId: `product-${number}` },
  subject: `product-${number}`,
  outcome: number % 4 === 0 ? 'refused' : 'done',
  begunAt: number * 1_000 - 5,
  endedAt: number * 1_000
})

beforeAll(async () => {
  const postgres = await freshPostgres('eventlog')
  log = await runEventlog({ postgresUrl: postgres.url })
  releases.push(log.stop, () => postgres.release())
  admin = await log.signIn('alice', 'admin')
  for (let number = 1; number <= 24; number += 1) {
    const data = act(number)
    const { userId: key, service: source, subject, endedAt: time } = data
    const over = { topic: 'audit', type: 'gavel.AdminActed.v1', key, source, subject, time, data }
    // Each beside an event that is no act.
    await record(log.pool, [anEvent(number, over), anEvent(number + 100, { key: 'admin-1' })])
  }
})
afterAll(async () => {
  for (const release of releases) await release()
})

async function acts(query: string): Promise<number[]> {
  const seen: AuditedAct[] = []
  let cursor: string | undefined
  do {
    const answer = await log.app.inject({
      url: `/api/audit?limit=5${query}${cursor === undefined ? '' : `&cursor=${cursor}`}`,
      headers: admin
    })
    expect(answer.statusCode, answer.body).toBe(200)
    const page = answer.json<{ items: AuditedAct[]; nextCursor?: string }>()
    seen.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== undefined)
  for (const { position: _position, ...item } of seen) expect(item).toEqual(act(Number(item.actId.slice(4))))
  return seen.map(({ actId }) => Number(actId.slice(4)))
}

test.each<[string, (number: number) => boolean]>([
  ['', () => true],
  ['&userId=admin-1', (number) => number % 2 === 1],
  ['&service=inventory', (number) => number % 3 === 1],
  ['&operation=addProduct', (number) => number % 3 === 0],
  ['&operation=addProduct&userId=admin-0', (number) => number % 6 === 0],
  ['&subject=product-7', (number) => number === 7],
  ['&outcome=refused', (number) => number % 4 === 0],
  ['&after=5000&before=9000', (number) => number >= 5 && number < 9],
  ['&userId=nobody', () => false]
])('acts are listed newest first, page by page: %s', async (query, keep) => {
  const all = Array.from({ length: 24 }, (_, index) => 24 - index)
  expect(await acts(query)).toEqual(all.filter(keep))
})

test.each(['cursor=x', 'outcome=fine', 'operation=a%20b', 'userId=', 'limit=0', 'actor=a', 'before=-1'])(
  'bad input is refused: %s',
  async (query) => {
    const answer = await log.app.inject({ url: `/api/audit?${query}`, headers: admin })
    expect(answer.json()).toMatchObject({ status: 400, code: 'INVALID_INPUT' })
  }
)

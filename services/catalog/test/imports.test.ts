import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CommandsAnswered } from '@gavel/contracts/events/commands.ts'
import { commandAnswers, productCommands } from '@gavel/contracts/topics.ts'
import { readImport } from '../src/store/imports/read-imports.ts'
import { acceptUpload, beginUpload, stageRows, type StagedRow, type Upload } from '../src/store/imports/receive.ts'
import { takeAnswers } from '../src/store/imports/take-answers.ts'
import { takeProductCommands } from '../src/store/imports/take-product-commands.ts'
import { aCatalog, type Catalog, type Process } from './catalog.ts'

/** Which rows of an import are sent, and when, on a database and without a broker. */

let catalog: Catalog
let process: Process
beforeAll(async () => {
  catalog = await aCatalog()
  process = await catalog.start()
})
afterAll(async () => await catalog.release())
beforeEach(async () => void (await process.pool.query('delete from outbox')))

const item = { kind: 'put', fields: { title: 'Lamp' } } as const
const stock = { kind: 'set', available: 1, location: 'main' } as const
const row = (line: number, productId: string, parts: { item?: typeof item; stock?: typeof stock }): StagedRow => ({
  status: 'read',
  line,
  productId,
  item: parts.item,
  stock: parts.stock
})

async function accept(importId: string, rows: readonly StagedRow[]): Promise<Upload> {
  const upload = await beginUpload(
    process.pool,
    { importId, type: 'text/csv', fileName: undefined, startedBy: 'alice' },
    1
  )
  if (!upload) throw new Error('It came before')
  for (let at = 0; at < rows.length; at += 5_000) await stageRows(process.pool, upload, rows.slice(at, at + 5_000), 1)
  await acceptUpload(process.pool, upload, Buffer.from('digest'), 1)
  return upload
}

interface Sent {
  topic: string
  id: string
  type: string
  data: { importId: string; line: number }
}
/** What was sent since the last look. */
async function sent(): Promise<Sent[]> {
  const { rows } = await process.pool.query(
    `with gone as (delete from outbox where topic like '%-commands' returning *) select * from gone order by id`
  )
  return rows.map(({ topic, value, headers }) => ({
    topic,
    id: headers.ce_id,
    type: headers.ce_type,
    data: JSON.parse(value)
  }))
}
const linesOf = (commands: readonly Sent[]): string[] => commands.map(({ topic, data }) => `${topic} ${data.line}`)

const carryOut = (commands: readonly Sent[]) =>
  takeProductCommands(
    process.pool,
    {
      group: 'products',
      events: commands.map(({ id, type, data }) => {
        const definition = productCommands.events.find((each) => each.type === type)!
        return { id, definition, name: definition.name, data } as never
      })
    },
    2
  )
const answer = (importId: string, lines: readonly number[]) =>
  takeAnswers(
    process.pool,
    {
      group: commandAnswers.name,
      events: [
        {
          id: `${importId} ${lines.join()}`,
          definition: CommandsAnswered,
          name: 'CommandsAnswered',
          data: { importId, answers: lines.map((line) => ({ line, outcome: 'applied' })) }
        } as never
      ]
    },
    3
  )

test('a row waits for earlier ones of its product, but not where both go to the same topic', async () => {
  await accept('order', [
    row(2, 'p', { item, stock }),
    row(3, 'p', { stock }),
    row(4, 'p', { item }),
    row(5, 'q', { stock }),
    row(6, 'q', { stock }),
    row(7, 'r', { item }),
    row(8, 'r', { item })
  ])
  const first = await sent()
  expect(linesOf(first)).toEqual([
    'product-commands 2',
    'product-commands 7',
    'product-commands 8',
    'stock-commands 5',
    'stock-commands 6'
  ])
  await carryOut(first.filter(({ topic }) => topic === 'product-commands'))
  expect(linesOf(await sent())).toEqual(['stock-commands 2'])
  await answer('order', [2])
  expect(linesOf(await sent())).toEqual(['stock-commands 3'])
  await answer('order', [3, 5, 6])
  const last = await sent()
  expect(linesOf(last)).toEqual(['product-commands 4'])
  await carryOut(last)
  expect(await readImport(process.pool, 'order')).toMatchObject({ state: 'done', done: 7, refused: 0, waiting: 0 })
})

test('no more than three thousand rows are under way, and as many are sent as end', async () => {
  await accept(
    'window',
    Array.from({ length: 5_000 }, (_, index) => row(index + 2, `w-${index}`, { item }))
  )
  const first = await sent()
  expect(first).toHaveLength(3_000)
  await carryOut(first.slice(0, 500))
  // A second delivery of the same ones ends nothing, and sends nothing.
  await carryOut(first.slice(0, 500))
  expect(linesOf(await sent())).toEqual(Array.from({ length: 500 }, (_, index) => `product-commands ${3_002 + index}`))
  expect(await readImport(process.pool, 'window')).toMatchObject({ state: 'running', done: 500, waiting: 4_500 })
})

test('a file about one product goes on, row by row', async () => {
  await accept(
    'one',
    Array.from({ length: 20_000 }, (_, index) => row(index + 2, 'same', { item, stock }))
  )
  for (let line = 2; line < 6; line += 1) {
    const next = await sent()
    expect(linesOf(next)).toEqual([`product-commands ${line}`])
    await carryOut(next)
    expect(linesOf(await sent())).toEqual([`stock-commands ${line}`])
    await answer('one', [line])
  }
})

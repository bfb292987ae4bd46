import { once } from 'node:events'
import { request } from 'node:http'
import type { ImportRow } from '@gavel/contracts/api/catalog.ts'
import { consumerGroup } from '@gavel/contracts/services.ts'
import { deadLetterTopic, productCommands, products } from '@gavel/contracts/topics.ts'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { startImporting, type Importing } from '../support/importing.ts'
import { theWire, type Wire } from '../support/watch-topic.ts'

/** A file of items and stock from its upload to its report, through catalog, Kafka and inventory. */

/** A bound against hanging, and no measure of speed. */
vi.setConfig({ testTimeout: 300_000 })

let importing: Importing
let wire: Wire
beforeAll(async () => {
  importing = await startImporting()
  wire = await theWire(importing.topics)
})
afterAll(async () => {
  await wire?.release()
  await importing?.release()
})

const HEAD = 'action,id,title,brand,pieces,delta,location\n'

type Expected = Omit<ImportRow, 'line' | 'detail'>

/** What plain reading of the rules says of a file: made beside it, row by row. */
class Plan {
  readonly #prefix: string
  readonly lines: string[] = []
  readonly rows: Expected[] = []
  readonly products = new Map<string, { title: string; brand: string; removed: boolean }>()
  readonly stock = new Map<string, number>()

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  get text(): string {
    return `${HEAD}${this.lines.join('\n')}\n`
  }

  add(cells: string, expected: Expected): void {
    this.lines.push(cells)
    this.rows.push(expected)
  }

  /** Every tenth row is bad in one of five ways; the good ones add, change, remove, set and adjust. */
  fill(count: number): this {
    for (let row = 0; row < count; row += 1) {
      if (row % 10 === 9) this.bad(row)
      else this.good(row)
    }
    return this
  }

  good(row: number): void {
    const productId = `${this.#prefix}-${row}`
    const before = `${this.#prefix}-${row - (row % 10)}`
    const [title, place] = [`Lamp, ${row}`, `${before}/main`]
    switch (row % 10) {
      case 4:
        this.products.get(before)!.brand = 'Changed'
        return this.add(`change,${before},,Changed,,,`, { state: 'done', productId: before, item: 'changed' })
      case 5:
        this.stock.set(place, this.stock.get(place)! - 1)
        return this.add(`,${before},,,,-1,`, { state: 'done', productId: before, stock: 'applied' })
      case 6:
        this.stock.set(place, 20_000)
        return this.add(`,${before},,,20000,,`, { state: 'done', productId: before, stock: 'applied' })
      case 7:
        this.products.get(before)!.removed = true
        return this.add(`remove,${before},,,,,`, { state: 'done', productId: before, item: 'removed' })
      case 8:
        this.stock.set(`${productId}/north`, row + 1)
        this.products.set(productId, { title, brand: 'B', removed: false })
        return this.add(`,${productId},"${title}",B,${row + 1},,north`, {
          state: 'done',
          productId,
          item: 'added',
          stock: 'applied'
        })
      default:
        this.stock.set(`${productId}/main`, row + 1)
        this.products.set(productId, { title, brand: 'B', removed: false })
        return this.add(`,${productId},"${title}",B,${row + 1},,`, {
          state: 'done',
          productId,
          item: 'added',
          stock: 'applied'
        })
    }
  }

  bad(row: number): void {
    const [unknown, removed] = [`${this.#prefix}-unknown-${row}`, `${this.#prefix}-${row - 9}`]
    const refused = { state: 'refused' } as const
    switch (((row - 9) / 10) % 5) {
      case 0:
        return this.add(`,a b,"Lamp",B,1,,`, { ...refused, code: 'INVALID_INPUT' })
      case 1:
        return this.add(`,${unknown},,,,5,`, {
          ...refused,
          productId: unknown,
          stock: 'refused',
          code: 'STOCK_NOT_FOUND'
        })
      case 2:
        // Its stock is not touched either.
        return this.add(`change,${unknown},,B,7,,`, {
          ...refused,
          productId: unknown,
          item: 'refused',
          code: 'PRODUCT_NOT_FOUND'
        })
      case 3:
        return this.add(`,${removed},Again,,9,,`, {
          ...refused,
          productId: removed,
          item: 'refused',
          code: 'PRODUCT_REMOVED'
        })
      default:
        this.lines.push(`,${unknown},"never closed,B,1,,`)
        this.rows.push({ ...refused, code: 'INVALID_INPUT' })
    }
  }

  async check(importId: string): Promise<void> {
    const told = await importing.rows(importId)
    expect(told.map(({ line }) => line)).toEqual(this.rows.map((_, index) => index + 2))
    expect(told.map(({ line: _line, detail: _detail, ...row }) => row)).toEqual(this.rows)
    const refused = this.rows.filter(({ state }) => state === 'refused').length
    expect(await importing.read(importId)).toMatchObject({
      state: 'done',
      rows: this.rows.length,
      done: this.rows.length - refused,
      refused,
      waiting: 0
    })
    const like = [`${this.#prefix}-%`]
    const items = await importing.pools.catalog.query(
      `select product_id, title, brand, removed_at is not null as removed from products where product_id like $1`,
      like
    )
    expect(new Map(items.rows.map(({ product_id, ...item }) => [product_id, item]))).toEqual(this.products)
    const stock = await importing.pools.inventory.query(
      `select product_id || '/' || location as place, available from stock where product_id like $1`,
      like
    )
    expect(new Map(stock.rows.map(({ place, available }) => [place, Number(available)]))).toEqual(this.stock)
  }
}

describe('a file of 10,000 rows, good and bad', () => {
  const plan = new Plan('big').fill(10_000)

  test('is answered once it is stored, and carried out exactly: each row in the report, each item and piece', async () => {
    const accepted = await importing.upload('big', plan.text)
    expect(accepted).toMatchObject({ status: 202, body: { importId: 'big', rows: 10_000, startedBy: 'alice' } })
    await importing.whenDone('big')
    await plan.check('big')
  })

  test('its report can be filtered and downloaded', async () => {
    const refused = await importing.rows('big', '&state=refused')
    expect(refused).toHaveLength(1_000)
    expect(await importing.rows('big', '&state=waiting')).toEqual([])
    const { status, body } = await importing.call('GET', '/api/imports/big/report?state=refused')
    expect(status).toBe(200)
    const lines = (body as string).trimEnd().split('\r\n')
    expect(lines).toHaveLength(1_001)
    expect(lines.slice(0, 2)).toEqual([
      'line,state,productId,item,stock,code,detail',
      `11,refused,,,,INVALID_INPUT,"In the row, productId must match pattern ""^[A-Za-z0-9_-]+$"""`
    ])
    expect((await importing.call('GET', '/api/imports')).body.items[0]).toMatchObject({ importId: 'big' })
  })

  test('sent again under its id it does nothing twice, and another file under that id is refused', async () => {
    const before = await importing.pools.inventory.query('select count(*) from stock_history')
    expect(await importing.upload('big', plan.text)).toMatchObject({
      status: 202,
      body: { state: 'done', rows: 10_000 }
    })
    expect(await importing.upload('big', `${plan.text},x,Y,,,,\n`)).toMatchObject({
      status: 409,
      body: { code: 'IMPORT_ID_REUSED' }
    })
    // What follows is behind whatever the repeat would have sent.
    await importing.upload('behind', `${HEAD},behind,Lamp,,1,,\n`)
    await importing.whenDone('behind')
    await plan.check('big')
    const after = await importing.pools.inventory.query('select count(*) from stock_history')
    expect(Number(after.rows[0].count)).toBe(Number(before.rows[0].count) + 1)
  })

  test('as NDJSON it is the same', async () => {
    const rows = [
      { productId: 'line-1', title: 'Lamp', description: 'x', available: 2 },
      { productId: 'line-1', description: '' },
      { title: 'Without a name' },
      { productId: 'line-1', available: 3, location: 'north' }
    ]
    await importing.upload('lines', rows.map((row) => JSON.stringify(row)).join('\n'), 'application/x-ndjson')
    expect(await importing.whenDone('lines')).toMatchObject({ done: 4, refused: 0, type: 'application/x-ndjson' })
    expect((await importing.call('GET', '/api/products/line-1')).body).toMatchObject({
      title: 'Lamp',
      description: '',
      version: 2
    })
    expect((await importing.rows('lines'))[2]).toMatchObject({ productId: expect.stringMatching(/^[0-9a-f-]{36}$/) })
  })
})

describe('whatever dies', () => {
  test('kill -9 of catalog and of inventory in the middle: the same report and the same state', async () => {
    const plan = new Plan('killed').fill(5_000)
    expect((await importing.upload('killed', plan.text)).status).toBe(202)
    const waiting = async (most: number): Promise<boolean> => (await importing.read('killed')).waiting <= most
    await eventually(() => waiting(4_000), { what: 'the first rows', withinMs: 90_000 })
    await importing.kill('catalog')
    await eventually(() => waiting(3_000), { what: 'more rows', withinMs: 90_000 })
    await importing.kill('inventory')
    await eventually(() => waiting(1_500), { what: 'still more rows', withinMs: 90_000 })
    await Promise.all([importing.kill('catalog'), importing.kill('inventory')])
    await importing.whenDone('killed')
    await plan.check('killed')
  })

  test('an upload that breaks off changes nothing, is seen as such, and goes through when it is sent again', async () => {
    const plan = new Plan('broken').fill(3_000)
    const { hostname, port } = new URL(importing.urls.catalog)
    const sending = request({
      hostname,
      port,
      method: 'PUT',
      path: '/api/imports/broken',
      headers: { authorization: importing.authorization, 'content-type': 'text/csv' }
    })
    const broken = once(sending, 'error')
    sending.write(plan.text.slice(0, -100))
    await eventually(async () => (await importing.read('broken')).rows > 0, { what: 'the first rows to be stored' })
    sending.destroy(new Error('cut'))
    await broken
    await eventually(async () => (await importing.read('broken')).state === 'broken-off', { what: 'the import to end' })
    expect(await importing.rows('broken')).toEqual([])
    const left = await importing.pools.catalog.query(`select from products where product_id like 'broken-%'`)
    expect(left.rowCount).toBe(0)

    expect((await importing.upload('broken', plan.text)).status).toBe(202)
    await importing.whenDone('broken')
    await plan.check('broken')
  })

  test('a row whose command becomes a dead letter waits, the others end, and its replay ends it', async () => {
    const { pools, upload, read, whenDone, rows } = importing
    const group = consumerGroup('catalog', productCommands)
    const letters = await wire.watch({ ...productCommands, name: deadLetterTopic(group) })
    await pools.catalog.query(`
      create function refuse_poison() returns trigger language plpgsql as
        $$ begin if new.title = 'Poison' then raise exception 'poisoned' using errcode = 'XX000'; end if; return new; end $$;
      create trigger poison before insert on products for each row execute function refuse_poison()`)
    const items = Array.from({ length: 200 }, (_, row) => `,dead-${row},${row === 77 ? 'Poison' : 'Lamp'},,1,,`)
    // It stands behind the poisoned one, whose product it is about.
    items.push(',dead-77,,,5,,')
    await upload('dead', `${HEAD}${items.join('\n')}\n`)
    await eventually(() => letters.length === 1, { what: 'the dead letter' })
    await eventually(async () => (await read('dead')).waiting === 2, { what: 'the other rows to end' })
    expect(await read('dead')).toMatchObject({ state: 'running', done: 199, refused: 0 })
    expect((await rows('dead', '&state=waiting')).map(({ line }) => line)).toEqual([79, 202])
    const [letter] = letters
    expect(letter!.data).toMatchObject({ importId: 'dead', line: 79, productId: 'dead-77' })

    await pools.catalog.query('drop trigger poison on products; drop function refuse_poison')
    const { definition, id, key, source, time, data } = letter!
    await wire.publish(productCommands, [{ definition, id, key, source, time, data } as never])
    expect(await whenDone('dead')).toMatchObject({ done: 201, refused: 0 })
    expect((await importing.call('GET', '/api/stock/dead-77')).body).toMatchObject({ available: 5 })
  })

  test('a second delivery of every command has no second effect', async () => {
    const commands = await wire.watch(productCommands)
    const told = await wire.watch(products)
    await importing.upload('twice', `${HEAD},twice-1,Lamp,,3,,\nchange,twice-1,,B,,,\n`)
    await importing.whenDone('twice')
    const ofImport = await eventually(
      () => {
        const found = commands.filter(({ data }) => data.importId === 'twice')
        return found.length === 2 && found
      },
      { what: 'the commands' }
    )
    await wire.publish(productCommands, ofImport as never)
    await importing.upload('after-twice', `${HEAD}change,twice-1,,C,,,\n`)
    await importing.whenDone('after-twice')
    await eventually(() => told.some(({ data }) => 'product' in data && data.product.brand === 'C'), {
      what: 'the change behind them'
    })
    expect(told.filter(({ key }) => key === 'twice-1').map(({ name }) => name)).toEqual([
      'ProductAdded',
      'ProductChanged',
      'ProductChanged'
    ])
  })
})

describe('a file that is refused', () => {
  test.each([
    ['an unknown column', 'title,colour\nLamp,red\n', 'text/csv', 422, 'IMPORT_HEADER_INVALID'],
    ['no head', '', 'text/csv', 422, 'IMPORT_EMPTY'],
    ['a head alone', 'title\n', 'text/csv', 422, 'IMPORT_EMPTY'],
    ['no line', '\n\n', 'application/x-ndjson', 422, 'IMPORT_EMPTY'],
    ['another type', '{}', 'application/json', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['more rows than an import takes', `title\n${'a\n'.repeat(100_001)}`, 'text/csv', 422, 'IMPORT_TOO_MANY_ROWS'],
    ['more bytes than an import takes', `title\n${'a'.repeat(32 * 1024 * 1024)}`, 'text/csv', 413, 'BODY_TOO_LARGE']
  ])('for %s leaves nothing', async (_what, text, type, status, code) => {
    expect(await importing.upload('refused', text, type)).toMatchObject({ status, body: { code } })
    expect(await importing.call('GET', '/api/imports/refused')).toMatchObject({
      status: 404,
      body: { code: 'IMPORT_NOT_FOUND' }
    })
  })

  test('for its size is refused while it comes, where its size was not said', async () => {
    const piece = Buffer.from(`${'x'.repeat(1_000)}\n`.repeat(64))
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        sent += piece.length
        controller.enqueue(sent === piece.length ? Buffer.from('title\n') : piece)
        if (sent > 33 * 1024 * 1024) controller.close()
      }
    })
    expect(await importing.upload('endless', endless)).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } })
    expect((await importing.call('GET', '/api/imports/endless')).status).toBe(404)
  })
})

test('old imports go, and so do uploads that nobody finishes', async () => {
  const { catalog } = importing.pools
  await catalog.query(`update imports set started_at = now() - interval '31 days' where import_id = 'lines'`)
  await catalog.query(
    `insert into imports (import_id, upload, state, type, started_by, started_at, changed_at)
     values ('abandoned', gen_random_uuid(), 'receiving', 'text/csv', 'alice', now(), now() - interval '6 minutes')`
  )
  // A start sweeps first of all.
  await importing.kill('catalog')
  await eventually(async () => (await importing.read('abandoned')).state === 'broken-off', { what: 'the sweep' })
  await eventually(async () => (await importing.call('GET', '/api/imports/lines')).status === 404, {
    what: 'the old one to go'
  })
  const left = await catalog.query(`select from import_rows where import_id = 'lines'`)
  expect(left.rowCount).toBe(0)
})

test('the metrics tell of rows by outcome, and that no import stands still', async () => {
  const { body } = await importing.call('GET', '/metrics')
  expect(body).toMatch(/catalog_imports_running\{[^}]*\} 0\n/)
  expect(body).toMatch(/catalog_import_idle_seconds\{[^}]*\} 0\n/)
  expect(body).toMatch(/catalog_import_rows_total/)
})

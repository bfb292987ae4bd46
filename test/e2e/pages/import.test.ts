import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readProduct } from '@gavel/contracts/api/catalog.ts'
import { readStock } from '@gavel/contracts/api/inventory.ts'
import { afterAll, describe, expect, test } from 'vitest'
import { layCable } from '../../support/browser.ts'
import { eventually } from '../../support/eventually.ts'
import { expectAccessible, expectFits } from '../../support/page-checks.ts'
import { onStage, someId } from '../../support/pages-stage.ts'

/** An admin imports a file of items and stock through the page, on the running platform. */
describe('an import in the browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-import-'))
  const { stage, asAdmin } = onStage()
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const fileOf = (name: string, text: string): string => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }

  test('a file is chosen, its rows are carried out, the refused ones stand first, and the report is saved', async () => {
    const prefix = someId('row')
    // More than the gateway takes in one piece of any other request.
    const good = Array.from(
      { length: 2_000 },
      (_, row) => `${prefix}-${row},"Lamp, no. ${row}",${'x'.repeat(40)},${row}`
    )
    const text = `id,title,description,pieces\n${good.join('\n')}\n${prefix}-bad,Lamp,,many\n${prefix}-unknown,,New words,\n`
    const { page, complaints, leave } = await asAdmin('/admin/import')
    await page.getByRole('heading', { name: 'Import', exact: true }).waitFor()
    await expectAccessible(page)
    await page.getByLabel('A file: CSV').setInputFiles(fileOf('lamps.csv', text))
    await page.getByRole('heading', { name: 'lamps.csv' }).waitFor()
    const main = page.locator('main')
    await main.getByText('2000 done, 2 refused, 0 waiting, of 2002 rows').waitFor({ timeout: 90_000 })
    await main.getByText('done, some refused').waitFor()
    const rows = page.getByRole('region', { name: 'Rows' })
    await rows.getByText('available must be of type integer').waitFor()
    await rows.getByText('There is no such product').waitFor()
    expect(await rows.getByRole('row').count()).toBe(3)
    await expectAccessible(page)

    const token = await stage.adminToken()
    expect(await stage.gateway.call(readProduct, { params: { productId: `${prefix}-7` } }, { token })).toMatchObject({
      title: 'Lamp, no. 7'
    })
    expect(await stage.gateway.call(readStock, { params: { productId: `${prefix}-7` } }, { token })).toMatchObject({
      available: 7
    })

    await page.getByRole('button', { name: 'Done', exact: true }).click()
    await rows.getByRole('link', { name: `${prefix}-0`, exact: true }).waitFor()
    await page.getByRole('button', { name: 'Show more' }).click()
    await rows.getByRole('link', { name: `${prefix}-150`, exact: true }).waitFor()
    await page.getByRole('button', { name: 'Waiting', exact: true }).click()
    await main.getByText('No row waits').waitFor()

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download the report' }).click()
    ])
    const report = await readFile(await download.path(), 'utf8')
    expect(report.split('\r\n')).toHaveLength(2_004)
    expect(report).toContain(`2003,refused,${prefix}-unknown,refused,,PRODUCT_NOT_FOUND,There is no such product`)

    await page.getByRole('link', { name: 'All imports' }).click()
    await page.getByRole('region', { name: 'Imports' }).getByRole('link', { name: 'lamps.csv' }).first().waitFor()
    expect(complaints).toEqual([])
    await leave()
  })

  test('a file that is none is refused with a reason, and nothing is there of it', async () => {
    const { page, complaints, leave } = await asAdmin('/admin/import')
    const chosen = page.getByLabel('A file: CSV')
    await chosen.setInputFiles(fileOf('colours.csv', 'title,colour\nLamp,red\n'))
    await page.locator('main').getByText('There is no column "colour"').waitFor()
    await chosen.setInputFiles(fileOf('nothing.csv', ''))
    await page.locator('main').getByText('“nothing.csv” is empty.').waitFor()
    expect(await page.getByRole('link', { name: 'colours.csv' }).count()).toBe(0)
    expect(complaints).toEqual([])
    await leave()
  })

  test('on a phone, dropped: NDJSON whose connection breaks is sent again and done once', async () => {
    const productId = someId('line')
    await using cable = await layCable(stage.url)
    const { page, complaints, leave } = await asAdmin('/admin/import', {
      url: cable.url,
      viewport: { width: 360, height: 740 }
    })
    await page.getByLabel('A file: CSV').waitFor()
    await expectFits(page)
    cable.cut()
    const lines = `${JSON.stringify({ productId, title: 'Lamp', available: 2 })}\n${JSON.stringify({ productId, delta: 3 })}\n`
    const dropped = await page.evaluateHandle(
      `(() => { const data = new DataTransfer(); data.items.add(new File([${JSON.stringify(lines)}], 'lines.ndjson')); return data })()`
    )
    await page.locator('.drop').dispatchEvent('drop', { dataTransfer: dropped })
    await page.locator('main').getByText('cannot be reached').first().waitFor()
    await cable.mend()
    await page.getByRole('button', { name: 'Send it again' }).press('Enter')
    await page.locator('main').getByText('2 done, 0 refused, 0 waiting, of 2 rows').waitFor({ timeout: 60_000 })
    await page.locator('main').getByText('No row was refused').waitFor()
    await expectFits(page)
    await expectAccessible(page)
    await eventually(
      async () =>
        (await stage.gateway.call(readStock, { params: { productId } }, { token: await stage.adminToken() }))
          .available === 5,
      { what: 'five pieces' }
    )
    expect(complaints).toEqual([])
    await leave()
  })
})

import { beforeAll, describe, expect, test } from 'vitest'
import { fillHouse, type BusyHouse } from '../../support/busy-house.ts'
import { expectAccessible, expectFits } from '../../support/page-checks.ts'
import { addressesOf, visitors } from '../../support/page-routes.ts'
import { onStage } from '../../support/pages-stage.ts'
import { sharedPlatform } from '../../support/platform.ts'

const looks = [
  { width: 1280, colorScheme: 'light' },
  { width: 1280, colorScheme: 'dark' },
  { width: 360, colorScheme: 'dark' },
  { width: 360, colorScheme: 'light' }
] as const

/** Every address there is, with something in it, by somebody who may see it. */
describe('every page', () => {
  const { stage, at } = onStage()
  let house: BusyHouse

  beforeAll(async () => {
    house = await fillHouse(stage.gateway, sharedPlatform().admin)
  })

  test.each(['stranger', 'bidder', 'admin'])(
    'of the %s is accessible, fits and complains of nothing, wide and narrow, light and dark',
    { timeout: 300_000 },
    async (who) => {
      const { session, paths } = visitors(house).find((each) => each.who === who)!
      const { page, complaints, leave } = await at('/', session)
      for (const path of addressesOf(paths, house)) {
        await page.goto(path)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        expect(await page.title(), path).toMatch(/ · Gavel$/)
        for (const { width, colorScheme } of looks) {
          await page.setViewportSize({ width, height: 800 })
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
          // Drawn anew, so that what is looked at is what is seen.
          await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
          await expectFits(page)
          await expectAccessible(page)
        }
      }
      expect(complaints).toEqual([])
      await leave()
    }
  )
})

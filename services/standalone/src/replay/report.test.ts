import { describe, expect, test } from 'vitest'
import { createProgress, drawBar } from './progress.ts'
import { faultsOf, reportOf, tableOf, type AuctionOutcome } from './report.ts'
import { sideBySide } from './side-by-side.ts'

const anOutcome = (changes: Partial<AuctionOutcome> = {}): AuctionOutcome => ({
  auctionId: '1',
  recordedMinor: 1500,
  closedMinor: 1500,
  answers: [{ status: 'accepted' }, { status: 'refused', code: 'BID_TOO_LOW', inLedger: true }],
  sales: ['ordered'],
  ledger: 'verified',
  ...changes
})

describe('the report', () => {
  test('counts every bid, price, sale and ledger once', () => {
    const report = reportOf(
      [
        anOutcome(),
        anOutcome({
          auctionId: '2',
          closedMinor: 1450,
          sales: ['failed'],
          answers: [{ status: 'refused', code: 'BID_NOT_RAISED', inLedger: true }]
        }),
        anOutcome({ auctionId: '3', sales: ['open'], ledger: 'broken', answers: [{ status: 'unanswered' }] }),
        anOutcome({ auctionId: '4', closedMinor: 0, sales: [], answers: [] })
      ],
      123.456
    )
    expect(report).toEqual({
      auctions: 4,
      bids: { total: 4, accepted: 1, refused: { BID_TOO_LOW: 1, BID_NOT_RAISED: 1 } },
      prices: {
        equal: 2,
        different: [
          { auctionId: '2', recordedMinor: 1500, closedMinor: 1450 },
          { auctionId: '4', recordedMinor: 1500, closedMinor: 0 }
        ]
      },
      sagas: { orders: 1, failed: 1, open: 1 },
      ledgers: { verified: 3, broken: 1 },
      bidsPerSecond: 123.5
    })
    expect(faultsOf(report)).toEqual(['1 bids were not answered', '1 sales did not end', '1 ledgers do not verify'])
    expect(tableOf(report)).toContain('  refused BID_TOO_LOW')
  })

  test('a price that differs and a sale that failed are no faults of the replay', () => {
    expect(faultsOf(reportOf([anOutcome({ closedMinor: 1, sales: ['failed'] })], 1))).toEqual([])
  })
})

describe('progress', () => {
  const written = (
    isTTY: boolean,
    use: (progress: ReturnType<typeof createProgress>, tick: (ms: number) => void) => void
  ): string => {
    let text = ''
    let now = 0
    use(
      createProgress({ isTTY, columns: 80, write: (part) => (text += part) }, () => now),
      (ms) => (now += ms)
    )
    return text
  }

  test('a terminal gets a bar that is drawn over and cleared', () => {
    const text = written(true, (progress, tick) => {
      const step = progress.step('Bids', 10)
      tick(200)
      step.advance(5)
      step.advance(5)
      step.done()
    })
    expect(text.split('\r\u001B[2K')).toEqual([
      '',
      drawBar('Bids', 0, 10),
      drawBar('Bids', 5, 10),
      'Bids: 10 of 10 in 0.2 s\n'
    ])
  })

  test('a log gets plain lines, one in five seconds', () => {
    const text = written(false, (progress, tick) => {
      const step = progress.step('Bids', 10)
      for (let count = 0; count < 10; count += 1) {
        tick(1_000)
        step.advance()
      }
      step.done('1 refused')
    })
    expect(text).toBe('Bids: 5 of 10\nBids: 10 of 10\nBids: 10 of 10 in 10.0 s, 1 refused\n')
  })

  test('a bar is never longer than the line', () => {
    expect(drawBar('Bids', 5, 10, 40).length).toBeLessThan(40)
    expect(drawBar('Bids', 0, 0)).toContain('100 %')
  })
})

describe('side by side', () => {
  test('no more at a time than asked, and all of them', async () => {
    let running = 0
    let most = 0
    const seen: number[] = []
    await sideBySide([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, (running += 1))
      await Promise.resolve()
      running -= 1
      seen.push(item)
    })
    expect(most).toBe(3)
    expect(seen.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  test('a failure is thrown after those under way have ended, and nothing further is begun', async () => {
    const ended: number[] = []
    const work = sideBySide([1, 2, 3, 4], 2, async (item) => {
      await Promise.resolve()
      if (item === 1) throw new Error('one')
      await Promise.resolve()
      ended.push(item)
    })
    await expect(work).rejects.toThrow('one')
    expect(ended).toEqual([2])
  })
})

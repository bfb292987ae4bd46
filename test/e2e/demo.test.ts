import { expect, test } from 'vitest'
import { sharedPlatform } from '../support/platform.ts'
import { requireSuccess, runProgram } from '../support/run-program.ts'

const program = 'services/standalone/src/demo.ts'

test('the demo sees every step of its story on the running platform', async () => {
  const { url, mailUrl, admin } = sharedPlatform()
  const environment = {
    GAVEL_URL: url,
    GAVEL_MAIL_URL: mailUrl,
    GAVEL_ADMIN_EMAIL: admin.email,
    GAVEL_ADMIN_PASSWORD: admin.password
  }
  const ran = await runProgram(program, [], environment)
  requireSuccess(ran)
  const seen = [
    'nobody wins by sniping',
    'proxy answers for her',
    'refused, BID_TOO_LOW',
    'hears it at once over her WebSocket',
    'closed by itself at 210.00 USD',
    'card was charged 210.00 USD, once',
    'An e-mail for',
    'BidFailed, PAYMENT_DECLINED',
    'back in stock',
    'the next-best bidder',
    'VERIFIED',
    'is refused: BROKEN'
  ]
  for (const words of seen) expect(ran.stdout).toContain(words)
})

test('without a platform it says how to start one', async () => {
  const { code, stderr } = await runProgram(program, [], { GAVEL_URL: 'http://127.0.0.1:9' })
  expect(code).toBe(1)
  expect(stderr).toContain('Gavel is not running at http://127.0.0.1:9.')
})

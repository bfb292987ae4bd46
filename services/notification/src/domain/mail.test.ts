import { describe, expect, it } from 'vitest'
import { escapeHtml, isMailed, mailOf, mailSettingsOf, messageIdOf, retryAfterMs } from './mail.ts'
import { formatMoney } from './money.ts'

describe('a mail', () => {
  it('escapes names and titles in its HTML and keeps them as they are in its text', () => {
    const mail = mailOf({ title: 'You won “<i>lamp</i>”', text: 'Tom & "Jerry"\'s' }, '<script>alert(1)</script>')
    expect(mail.html).not.toMatch(/<script>|<i>/)
    expect(mail.html).toContain('Tom &amp; &quot;Jerry&quot;&#39;s')
    expect(mail.text).toContain('Hello <script>alert(1)</script>,')
  })
  it('has a subject of one line', () => {
    expect(mailOf({ title: 'Won\r\nBcc: all@example.com', text: '' }, 'Ada').subject).toBe('Won Bcc: all@example.com')
  })
  it('names its order', () => {
    expect(mailOf({ title: 'Order', text: '', orderNumber: 'a1.1' }, 'Ada').text).toContain('Order number: a1.1')
  })
  it('has a Message-ID that follows from its notification', () => {
    expect(messageIdOf('n1', 'Gavel <auctions@gavel.example>')).toBe('<n1@gavel.example>')
    expect(messageIdOf('n1', 'nonsense')).toBe('<n1@localhost>')
  })
  it('about being outbid is sent only where that is asked for', () => {
    expect(isMailed('outbid', mailSettingsOf({}, { outbid: false }))).toBe(false)
    expect(isMailed('outbid', mailSettingsOf({}, { outbid: true }))).toBe(true)
    expect(isMailed('outbid', mailSettingsOf({ outbid: false }, { outbid: true }))).toBe(false)
  })
  it('about one’s own purchases is always sent', () => {
    const none = { outbid: false, 'ending-soon': false, ended: false }
    expect(isMailed('won', none)).toBe(true)
    expect(isMailed('ended', none)).toBe(false)
  })
  it('is tried again ever later, up to half an hour', () => {
    expect(retryAfterMs(1, 1)).toBe(1_000)
    expect(retryAfterMs(5, 0)).toBe(8_000)
    expect(retryAfterMs(50, 1)).toBe(30 * 60_000)
  })
  it.each([
    ['&', '&amp;'],
    ['<', '&lt;'],
    ['"', '&quot;'],
    ["'", '&#39;'],
    ['plain', 'plain']
  ])('writes %s as %s', (text, escaped) => expect(escapeHtml(text)).toBe(escaped))
})

it.each([
  [125_050, 'EUR', '€1,250.50'],
  [1_250, 'JPY', '¥1,250'],
  [5, 'USD', '$0.05']
])('%i %s reads %s', (amountMinor, currency, text) => expect(formatMoney(amountMinor, currency)).toBe(text))

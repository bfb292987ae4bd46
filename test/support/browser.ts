import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { createServer, connect, type Socket } from 'node:net'
import type { TokenPair } from '@gavel/contracts/api/identity.ts'
import { StartFailure } from '@gavel/standalone/failure.ts'
import { debianPackage, findProgram } from '@gavel/standalone/install.ts'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

/** Chromium of the machine, or of Debian's package where we may install it. No browser is downloaded from anywhere else. */
export async function findChromium(): Promise<string> {
  const find = (): string | undefined =>
    findProgram('chromium') ?? findProgram('chromium-browser') ?? findProgram('google-chrome')
  const program =
    find() ?? ((await debianPackage('chromium', (line) => console.error(`  ${line}`))) ? find() : undefined)
  if (!program)
    throw new StartFailure('Chromium is missing, needed for the tests in a browser: apt-get install chromium')
  return program
}

/** It shall speak to the platform and to nobody else. */
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

export const launchBrowser = async (): Promise<Browser> =>
  await chromium.launch({ executablePath: await findChromium(), args: quiet })

/** A refusal is an answer, and Chromium logs each as an error of the network; so it does with a connection that we cut. */
const ofTheNetwork = /^Failed to load resource|^WebSocket connection to|net::ERR_/

export type Visit = { page: Page; complaints: string[]; leave: () => Promise<void> }

/** A person in a browser of their own: signed in where a session is given. What the browser complains about is kept. */
export async function visit(
  browser: Browser,
  url: string,
  { session, ...options }: BrowserContextOptions & { session?: TokenPair } = {}
): Promise<Visit> {
  const context = await browser.newContext({ baseURL: url, reducedMotion: 'reduce', ...options })
  context.setDefaultTimeout(30_000)
  if (session) await context.addInitScript(keepSession, JSON.stringify(session))
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !ofTheNetwork.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, complaints, leave: () => context.close() }
}

/** Runs in the page, before its own script. A session that the page renewed meanwhile is not overwritten. */
function keepSession(text: string): void {
  const { localStorage } = globalThis as unknown as {
    localStorage: Map<string, string> & Record<string, (...words: string[]) => unknown>
  }
  if (!localStorage['getItem']?.('gavel.session')) localStorage['setItem']?.('gavel.session', text)
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
type Finding = { id: string; impact: string | null; nodes: { html: string; failureSummary?: string }[] }

/** No finding that would keep somebody out. It is run in the page's own world, which its policy does not hinder. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe)
  const findings = (await page.evaluate(
    'axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)'
  )) as Finding[]
  const serious = findings
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
  expect(serious, page.url()).toEqual([])
}

/** The page never scrolls sideways, however narrow it is. */
export async function expectFits(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), page.url()).toBeLessThanOrEqual(0)
}

export type Cable = {
  url: string
  cut: () => void
  mend: () => Promise<void>
  [Symbol.asyncDispose]: () => Promise<void>
}

/** A wire between a browser and the gateway that can be cut: connections break, and new ones are not taken until it is mended. */
export async function layCable(to: string): Promise<Cable> {
  const { hostname, port } = new URL(to)
  const ends = new Set<Socket>()
  let isWhole = true
  const server = createServer((near) => {
    if (!isWhole) return void near.destroy()
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near]
    ] as const) {
      ends.add(one)
      one
        .on('error', () => undefined)
        .on('close', () => {
          ends.delete(one)
          other.destroy()
        })
      one.pipe(other)
    }
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const address = server.address() as { port: number }
  const cut = (): void => {
    isWhole = false
    for (const end of ends) end.destroy()
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut,
    mend: async () => {
      isWhole = true
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      await new Promise((done) => server.close(done))
    }
  }
}

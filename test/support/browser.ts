import { createServer, connect, type Socket } from 'node:net'
import type { TokenPair } from '@gavel/contracts/api/identity.ts'
import { StartFailure } from '@gavel/standalone/failure.ts'
import { debianPackage, findProgram } from '@gavel/standalone/install.ts'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

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

export type Cable = {
  url: string
  cut: () => void
  /** Nothing goes either way, and nothing breaks, until it is mended. */
  hold: () => void
  mend: () => Promise<void>
  [Symbol.asyncDispose]: () => Promise<void>
}

/** A wire between a browser and the gateway that can be cut: connections break, and new ones are not taken until it is mended. */
export async function layCable(to: string): Promise<Cable> {
  const { hostname, port } = new URL(to)
  const ends = new Set<Socket>()
  let isWhole = true
  let isHeld = false
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
      if (isHeld) one.pause()
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
    hold: () => {
      isHeld = true
      for (const end of ends) end.pause()
    },
    mend: async () => {
      isWhole = true
      isHeld = false
      for (const end of ends) end.resume()
    },
    [Symbol.asyncDispose]: async () => {
      cut()
      await new Promise((done) => server.close(done))
    }
  }
}

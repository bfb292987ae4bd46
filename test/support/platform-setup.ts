import { freshPlatform, sharedVariable, type SharedPlatform } from './platform.ts'

/** One platform for all journeys: they meet in it as people do, each with accounts and items of its own. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[sharedVariable]) return undefined
  const platform = await freshPlatform({ durable: false, progress: (line) => console.error(`  ${line}`) })
  const { url, mailUrl, providerUrl, admin, urls, ports, directories } = platform
  const shared = { url, mailUrl, providerUrl, admin, urls, ports, directories } satisfies SharedPlatform
  process.env[sharedVariable] = JSON.stringify(shared)
  return async () => {
    delete process.env[sharedVariable]
    await platform.stop()
  }
}

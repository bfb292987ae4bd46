import { openAdmin } from './client/admin.ts'
import { readAdminCredentials, readGatewayUrl, readInboxUrl } from './client/config.ts'
import { createGateway, Refused, Unanswered } from './client/gateway.ts'
import { requireRunning } from './client/running.ts'
import { tellAuction } from './demo/auction-chapter.ts'
import { tellDeclined } from './demo/declined-chapter.ts'
import { tellLedger } from './demo/ledger-chapter.ts'
import { createNarrator, NotObserved } from './demo/narrator.ts'
import { tellSale } from './demo/sale-chapter.ts'
import { describeFailure, StartFailure } from './failure.ts'

/** One whole story against the running platform. It ends with 0 only when every step was really seen. */
async function tellStory(): Promise<void> {
  const url = readGatewayUrl()
  await requireRunning(url)
  const narrator = createNarrator((line) => console.log(line))
  const gateway = createGateway(url, 8)
  try {
    narrator.tell(`Gavel at ${url} is ready. Here is one whole story, told with its own answers.`)
    const admin = await openAdmin(gateway, readAdminCredentials())
    const stage = { gateway, narrator, adminToken: await admin.token(), inboxUrl: readInboxUrl() }
    const sold = await tellAuction(stage)
    await tellSale(stage, sold)
    await tellDeclined(stage)
    await tellLedger(stage, sold)
    console.log('\nEvery step was observed. The same can be done by hand: see the address above in a browser.')
  } finally {
    await gateway.close()
  }
}

const isPartOfTheStory = (error: unknown): error is Error =>
  error instanceof NotObserved ||
  error instanceof Refused ||
  error instanceof Unanswered ||
  error instanceof StartFailure

try {
  await tellStory()
} catch (error) {
  console.error(isPartOfTheStory(error) ? `\n✗ ${error.message}` : describeFailure(error))
  process.exitCode = 1
}

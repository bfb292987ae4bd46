import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openAdmin } from '../client/admin.ts'
import { readAdminCredentials, readGatewayUrl, readHome } from '../client/config.ts'
import { createGateway } from '../client/gateway.ts'
import { requireRunning } from '../client/running.ts'
import { describeFailure, StartFailure } from '../failure.ts'
import { parseReplayCommand, usage, type ReplayCommand } from './command.ts'
import { createProgress, type Progress } from './progress.ts'
import { readRecording, type Recording, type Remark } from './recording.ts'
import { replay } from './replay.ts'
import { faultsOf, tableOf } from './report.ts'

const remarksShown = 20

function readFile(file: string): Recording {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new StartFailure(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`)
  }
  return readRecording(text)
}

/** Asked before the replay and not after it, when there would be a result to lose. */
function requireWritable(file: string): void {
  try {
    closeSync(openSync(file, 'a'))
  } catch (error) {
    throw new StartFailure(`${file} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`)
  }
}

function sayRemarks(progress: Progress, remarks: readonly Remark[], consequence: string): void {
  for (const { line, problem } of remarks.slice(0, remarksShown))
    progress.say(`line ${line}: ${problem}; ${consequence}`)
  if (remarks.length > remarksShown) progress.say(`… and ${remarks.length - remarksShown} more lines; ${consequence}`)
}

async function run(command: ReplayCommand): Promise<void> {
  const progress = createProgress(process.stdout, Date.now)
  const recording = readFile(command.file)
  sayRemarks(progress, recording.badRows, 'skipped')
  sayRemarks(progress, recording.contradictions, 'the first line is believed')
  if (recording.auctions.length === 0) throw new StartFailure(`${command.file} holds no bid that can be replayed.`)
  if (command.json) requireWritable(command.json)
  const url = readGatewayUrl()
  await requireRunning(url)
  const gateway = createGateway(url, command.width)
  try {
    const admin = await openAdmin(gateway, readAdminCredentials())
    const directory = join(readHome(), 'replay')
    const report = await replay({ gateway, admin, directory, progress, ...command }, recording.auctions)
    if (command.json) writeFileSync(command.json, `${JSON.stringify(report, null, 2)}\n`)
    progress.say(`\n${tableOf(report)}`)
    const faults = faultsOf(report)
    if (faults.length === 0) return
    progress.say(`\nNot all is well: ${faults.join(', ')}.`)
    process.exitCode = 1
  } finally {
    await gateway.close()
  }
}

try {
  const command = parseReplayCommand(process.argv.slice(2))
  if (command === 'help') console.log(usage)
  else await run(command)
} catch (error) {
  console.error(describeFailure(error))
  process.exitCode = 1
}

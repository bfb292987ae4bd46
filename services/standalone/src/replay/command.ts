import { parseArgs } from 'node:util'
import { StartFailure } from '../failure.ts'

export const usage = `Usage: npm run replay -- FILE.csv [--json FILE] [--width N] [--wait SECONDS]

Replays recorded auctions through the running platform.
  FILE.csv        columns auctionid,bid,bidtime,bidder,bidderrate,openbid,price,item,auction_type
  --json FILE     writes the result as JSON
  --width N       auctions side by side (default 64)
  --wait SECONDS  how long to wait for the next sale to end (default 120)`

export type ReplayCommand = { file: string; json: string | undefined; width: number; waitMs: number }

function whole(name: string, text: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new StartFailure(`--${name} is ${text}; it must be a whole number from 1 to ${max}.`)
}

/** `help` where the usage is asked for. */
export function parseReplayCommand(args: readonly string[]): ReplayCommand | 'help' {
  const options = {
    json: { type: 'string' },
    width: { type: 'string' },
    wait: { type: 'string' },
    help: { type: 'boolean', short: 'h' }
  } as const
  let parsed
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new StartFailure(`${(error as Error).message.split('. ')[0]}.\n${usage}`)
  }
  const { values, positionals } = parsed
  if (values.help) return 'help'
  if (positionals.length !== 1) throw new StartFailure(usage)
  return {
    file: positionals[0]!,
    json: values.json,
    width: whole('width', values.width ?? '64', 1_000),
    waitMs: whole('wait', values.wait ?? '120', 86_400) * 1000
  }
}

import { Fault } from '@gavel/platform/errors.ts'
import type { StockCommand } from '../domain/commands.ts'
import type { CommandResult } from './apply-commands.ts'

/** Commands of one transaction at most. */
const BATCH = 500
/** Commands that wait at most; more would only time out. */
const WAITING = 5_000

interface Waiting {
  command: StockCommand
  resolve: (result: CommandResult) => void
  reject: (error: unknown) => void
}

export type CommandQueue = (command: StockCommand) => Promise<CommandResult>

/**
 * Commands that arrive while a transaction is under way wait together and are carried out in the next one, in the order of their arrival:
 * the commit, which is what a change of stock costs, is shared by all of them.
 */
export function createCommandQueue(
  apply: (commands: readonly StockCommand[]) => Promise<CommandResult[]>
): CommandQueue {
  const waiting: Waiting[] = []
  let underWay = false

  const drain = async (): Promise<void> => {
    underWay = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH)
      try {
        const results = await apply(batch.map(({ command }) => command))
        batch.forEach(({ resolve }, index) => resolve(results[index]!))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    underWay = false
  }

  return (command) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= WAITING) {
        reject(new Fault('Too many changes of stock wait already'))
        return
      }
      waiting.push({ command, resolve, reject })
      if (!underWay) void drain()
    })
}

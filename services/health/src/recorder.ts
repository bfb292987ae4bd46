import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Board } from './domain/board.ts'
import type { History } from './store/history.ts'

/** Takes what the board has seen into the history; what cannot be written is kept and tried again. */
export class Recorder {
  readonly #parts: { context: ServiceContext; board: Board; history: History }
  #under: Promise<void> | undefined

  constructor(parts: { context: ServiceContext; board: Board; history: History }) {
    this.#parts = parts
  }

  start(intervalMs: number): void {
    const timer = setInterval(() => void this.record(), intervalMs)
    this.#parts.context.closers.add('recorder', async () => {
      clearInterval(timer)
      await this.#under
    })
  }

  record(): Promise<void> {
    this.#under ??= this.#round().finally(() => (this.#under = undefined))
    return this.#under
  }

  async #round(): Promise<void> {
    const { context, board, history } = this.#parts
    const changes = board.unrecorded()
    try {
      const known = await history.record(changes)
      board.recorded(changes)
      board.learn(known)
    } catch (error) {
      context.log.debug({ error }, 'The history is away: changes are kept until it is back')
    }
  }
}

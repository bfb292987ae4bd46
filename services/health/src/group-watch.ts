import { consumerGroup, services } from '@gavel/contracts/services.ts'
import type { GroupAdmin, GroupAsk } from '@gavel/platform/kafka/group-admin.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'
import type { Board } from './domain/board.ts'

export interface GroupTerms {
  intervalMs: number
  membersMin: number
  stuckMs: number
}

/** Every group that the list of services names. Groups that live as long as a process, such as those of live views, are not in it. */
export const watchedGroups: readonly GroupAsk[] = services.flatMap(({ name, consumes }) =>
  consumes.map((topic) => ({ group: consumerGroup(name, topic), topic: topic.name }))
)

/** Asks for all groups in one round, again and again; a round that takes long is not joined by a second. */
export class GroupWatch {
  readonly #parts: { context: ServiceContext; admin: GroupAdmin; board: Board; terms: GroupTerms }
  readonly #asks: readonly GroupAsk[]
  #under: Promise<void> | undefined

  constructor(
    parts: { context: ServiceContext; admin: GroupAdmin; board: Board; terms: GroupTerms },
    asks: readonly GroupAsk[]
  ) {
    this.#parts = parts
    this.#asks = asks
  }

  start(): void {
    const { context, terms } = this.#parts
    void this.look()
    const timer = setInterval(() => void this.look(), terms.intervalMs)
    context.closers.add('group-watch', async () => {
      clearInterval(timer)
      await this.#under
    })
  }

  look(): Promise<void> {
    this.#under ??= this.#round().finally(() => (this.#under = undefined))
    return this.#under
  }

  async #round(): Promise<void> {
    const { context, admin, board, terms } = this.#parts
    try {
      const groups = await admin.read(this.#asks)
      const atMs = context.clock()
      for (const [index, { group, members, partitions, topicExists }] of groups.entries()) {
        const missingTopics = topicExists ? [] : [this.#asks[index]!.topic]
        const criteria = { group, membersMin: terms.membersMin, stuckMs: terms.stuckMs }
        board.takeGroup(criteria, { atMs, members, partitions, missingTopics })
      }
    } catch (error) {
      // The kind alone: messages of the client carry addresses.
      const kind = error instanceof Error ? ((error.cause as Error | undefined)?.name ?? error.name) : 'unknown'
      board.groupsUnasked(kind, context.clock())
      context.log.debug({ error }, 'Kafka cannot be asked for its consumer groups')
    }
  }
}

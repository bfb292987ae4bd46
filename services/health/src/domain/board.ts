import type { HealthEntry, PlatformReadiness } from '@gavel/contracts/api/health.ts'
import {
  emptyGroupMemory,
  judgeGroup,
  type GroupCriteria,
  type GroupMemory,
  type GroupSample
} from '@gavel/platform/probes/consumer-group.ts'
import { failing, inconclusive, passing, type Finding, type Outcome } from '@gavel/platform/probes/finding.ts'
import { advance, unjudged, type Verdict } from '@gavel/platform/probes/verdict.ts'

export type Kind = HealthEntry['kind']
export type Status = HealthEntry['status']

/** A change of one status, not yet in the history. */
export interface Change {
  kind: Kind
  name: string
  status: Status
  at: number
  message: string
}

interface Entry {
  kind: Kind
  name: string
  verdict: Verdict
  checkedAt: number | undefined
  /** Of the history where it has the same status: it may have begun before this process did. */
  knownSince: number | undefined
  memory: GroupMemory
  members: GroupSample['members']
  lag: number | undefined
  stuck: ReadonlySet<string>
}

/** Changes held for the history while it is away. The oldest go first: what holds now matters most. */
export const CHANGES_MAX = 1_000
const messageMax = 1_000
/** One round that could not ask says little; the third in a row says that nothing is known. */
const unaskedMax = 3

const statuses: Record<Outcome, Status> = { Passing: 'up', Failing: 'down', Inconclusive: 'unknown' }
const short = (message: string): string => message.slice(0, messageMax)

/** Down when it says so, and when it cannot be asked: it is asked over the way that its callers go. */
export function judgeReadiness(name: string, readiness: PlatformReadiness['services'][string]): Finding {
  if (readiness.status === 'ready') return passing(`${name} is ready`)
  const culprits = Object.entries(readiness.parts)
    .filter(([, { status }]) => status === 'down')
    .map(([part, { error }]) => (error === undefined ? part : `${part} (${error})`))
  const why = culprits.length === 0 ? '' : `: ${culprits.join(', ')}`
  return failing(`${name} is ${readiness.status === 'not-ready' ? 'not ready' : 'unreachable'}${why}`)
}

/** What is held to be so of every service and consumer group. Time is an argument. */
export class Board {
  readonly #entries: ReadonlyMap<string, Entry>
  #changes: Change[] = []

  constructor(watched: { services: readonly string[]; groups: readonly string[] }, now: number) {
    const entry = (kind: Kind, name: string): [string, Entry] => [
      name,
      {
        kind,
        name,
        verdict: unjudged(now),
        checkedAt: undefined,
        knownSince: undefined,
        memory: emptyGroupMemory,
        members: [],
        lag: undefined,
        stuck: new Set()
      }
    ]
    this.#entries = new Map([
      ...watched.services.map((name) => entry('service', name)),
      ...watched.groups.map((name) => entry('group', name))
    ])
  }

  takeReadiness({ services, checkedAt }: PlatformReadiness): void {
    for (const [name, readiness] of Object.entries(services)) {
      const entry = this.#entries.get(name)
      if (entry) this.#take(entry, judgeReadiness(name, readiness), checkedAt)
    }
  }

  takeGroup(criteria: GroupCriteria, sample: GroupSample): void {
    const entry = this.#entries.get(criteria.group)
    if (!entry) return
    const { finding, memory, stuck } = judgeGroup(criteria, entry.memory, sample)
    entry.memory = memory
    entry.members = sample.members
    entry.stuck = new Set(stuck.map(({ key }) => key))
    entry.lag = sample.partitions.reduce(
      (sum, { key, end }) => sum + Math.max(0, end - (memory.standings.get(key)?.position ?? end)),
      0
    )
    this.#take(entry, finding, sample.atMs)
  }

  /** Nobody could move meanwhile either: that time is not held against a partition that was not yet found stuck. */
  groupsUnasked(why: string, now: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.kind !== 'group') continue
      const standings = new Map([...entry.memory.standings].filter(([key]) => entry.stuck.has(key)))
      entry.memory = { ...entry.memory, standings }
      this.#take(entry, inconclusive(`Kafka cannot be asked: ${why}`, 'Kafka cannot be asked'), now)
    }
  }

  #take(entry: Entry, finding: Finding, now: number): void {
    const failures = finding.outcome === 'Inconclusive' ? unaskedMax : 1
    const before = entry.verdict
    entry.verdict = advance(before, finding, { failures, successes: 1, history: 0 }, now)
    if (finding.outcome !== 'Inconclusive') entry.checkedAt = now
    if (entry.verdict.outcome === before.outcome) return
    entry.knownSince = undefined
    const { kind, name, verdict } = entry
    const change = { kind, name, status: statuses[verdict.outcome], at: now, message: short(verdict.message) }
    this.#changes = [...this.#changes, change].slice(-CHANGES_MAX)
  }

  /** Everything the history must know of: changes in order, then what holds now, for one that has missed changes. */
  unrecorded(): Change[] {
    const current = [...this.#entries.values()]
      .filter(({ verdict }) => verdict.cause !== 'unjudged')
      .map(({ kind, name, verdict }) => ({
        kind,
        name,
        status: statuses[verdict.outcome],
        at: verdict.sinceMs,
        message: short(verdict.message)
      }))
    return [...this.#changes, ...current]
  }

  /** These are in the history now, or in the hands of the process that writes it. */
  recorded(changes: readonly Change[]): void {
    const done = new Set(changes)
    this.#changes = this.#changes.filter((change) => !done.has(change))
  }

  /** What the history holds of each name. */
  learn(known: ReadonlyMap<string, { status: Status; since: number }>): void {
    for (const entry of this.#entries.values()) {
      const { status, since } = known.get(entry.name) ?? {}
      entry.knownSince = status === statuses[entry.verdict.outcome] ? since : undefined
    }
  }

  view(): HealthEntry[] {
    return [...this.#entries.values()].map(({ kind, name, verdict, knownSince, checkedAt, members, lag }) => ({
      kind,
      name,
      status: statuses[verdict.outcome],
      since: knownSince ?? verdict.sinceMs,
      message: short(verdict.message),
      ...(checkedAt === undefined ? {} : { checkedAt }),
      ...(kind === 'group' && checkedAt !== undefined
        ? { members: members.map((member) => ({ name: member.name, partitions: [...member.partitions] })) }
        : {}),
      ...(lag === undefined ? {} : { lag })
    }))
  }
}

/** One that is down makes the whole down; one that nothing is known of makes it unknown. */
export const overall = (entries: readonly Pick<HealthEntry, 'status'>[]): Status =>
  entries.some(({ status }) => status === 'down')
    ? 'down'
    : entries.some(({ status }) => status === 'unknown')
      ? 'unknown'
      : 'up'

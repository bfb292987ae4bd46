import { failing, passing, type Finding } from './finding.ts'

export interface GroupCriteria {
  /** The group's name, for messages. */
  group: string
  membersMin: number
  /** Messages behind over all partitions; without a limit when absent. */
  lagMax?: number
  /** How long a partition with messages to read may stand still. */
  stuckMs: number
}

export interface GroupMember {
  /** How people know it, such as `client@host`. Several members may have the same name. */
  name: string
  /** Partitions it reads, as `topic/3`; empty while the group shares them out anew. */
  partitions: readonly string[]
}

/** A group as it was seen at one moment, whatever client asked. */
export interface GroupSample {
  atMs: number
  members: readonly GroupMember[]
  /** `committed` is absent where the group has no offset. */
  partitions: readonly { key: string; committed: number | undefined; start: number; end: number }[]
  missingTopics: readonly string[]
}

/** Where a group stands in a partition, and since when it has stood there with something left to read. */
export interface Standing {
  position: number
  sinceMs: number
}

/** What is remembered of a group between samples. */
export interface GroupMemory {
  /** Members when there were last enough: who is missing later is named from these. */
  roster: readonly GroupMember[]
  standings: ReadonlyMap<string, Standing>
}

export interface GroupJudgement {
  finding: Finding
  memory: GroupMemory
  stuck: ({ key: string } & Standing)[]
}

export const emptyGroupMemory: GroupMemory = { roster: [], standings: new Map() }

/** How many culprits a message names; the rest are counted. */
const namedMax = 5

/** Judges one sample against what is remembered of earlier ones. Pure. */
export function judgeGroup(criteria: GroupCriteria, memory: GroupMemory, sample: GroupSample): GroupJudgement {
  const { group, membersMin, lagMax, stuckMs } = criteria
  const standings = new Map(
    sample.partitions.map((partition) => [partition.key, stand(partition, memory.standings.get(partition.key), sample)])
  )
  const lags = sample.partitions.map((partition) => ({
    ...partition,
    lag: lagOf(partition, standings.get(partition.key))
  }))
  const stuck = lags.flatMap(({ key, lag }) => {
    const standing = standings.get(key)
    return standing && lag > 0 && sample.atMs - standing.sinceMs >= stuckMs ? [{ key, ...standing }] : []
  })
  const lag = lags.reduce((sum, partition) => sum + partition.lag, 0)
  const problems = [
    ...sample.missingTopics.map((topic) => failing(`topic ${topic} does not exist`)),
    ...(sample.members.length < membersMin ? [tooFew(membersMin, memory.roster, sample.members)] : []),
    ...(stuck.length > 0 ? [standsStill(stuck, sample)] : []),
    ...(lagMax !== undefined && lag > lagMax ? [behind(lag, lagMax, lags)] : [])
  ]
  return {
    finding:
      problems.length === 0
        ? passing(`group ${group} is complete and moves`)
        : failing(
            `group ${group}: ${problems.map(({ message }) => message).join('; ')}`,
            problems.map(({ cause }) => cause).join('; ')
          ),
    memory: { roster: rosterAfter(criteria, memory.roster, sample.members), standings },
    stuck
  }
}

function stand(
  { committed, start, end }: GroupSample['partitions'][number],
  before: Standing | undefined,
  { atMs }: GroupSample
): Standing {
  // A group that never committed is owed nothing but what has come since it was first looked at: where it will begin is its own choice.
  const position = Math.max(committed ?? before?.position ?? end, start)
  return before?.position === position && end > position ? before : { position, sinceMs: atMs }
}

const lagOf = ({ end }: { end: number }, standing: Standing | undefined): number =>
  standing === undefined ? 0 : Math.max(0, end - standing.position)

/** Kept while members are missing, so that they stay named; renewed once there are enough. */
function rosterAfter(
  { membersMin }: GroupCriteria,
  roster: readonly GroupMember[],
  present: readonly GroupMember[]
): readonly GroupMember[] {
  if (present.length < membersMin) return roster.length === 0 ? present : roster
  // While partitions are shared out anew nobody has any; what each read before says more.
  const before = new Map(roster.map((member) => [member.name, member.partitions]))
  return present.map(({ name, partitions }) => ({
    name,
    partitions: partitions.length > 0 ? partitions : (before.get(name) ?? [])
  }))
}

/** Members of the roster that are not present, by name; two of the same name are two. */
function missingOf(roster: readonly GroupMember[], present: readonly GroupMember[]): GroupMember[] {
  const left = new Map<string, number>()
  for (const { name } of present) left.set(name, (left.get(name) ?? 0) + 1)
  return roster.filter(({ name }) => {
    const count = left.get(name) ?? 0
    left.set(name, count - 1)
    return count <= 0
  })
}

function tooFew(membersMin: number, roster: readonly GroupMember[], present: readonly GroupMember[]): Finding {
  const missing = missingOf(roster, present)
  const count = `${present.length} of ${membersMin} members`
  const names = missing.map(({ name }) => name).toSorted()
  if (missing.length === 0) return failing(count)
  const told = missing.map(({ name, partitions }) =>
    partitions.length === 0 ? name : `${name} (read ${listed(partitions)})`
  )
  return failing(`${count}, missing ${listed(told)}`, `${count}, missing ${names.join(', ')}`)
}

function standsStill(stuck: GroupJudgement['stuck'], { atMs, members, partitions }: GroupSample): Finding {
  const ends = new Map(partitions.map(({ key, end }) => [key, end]))
  const told = stuck.map(({ key, position, sinceMs }) => {
    const reader = members.find((member) => member.partitions.includes(key))
    const who = reader ? `, read by ${reader.name}` : ', read by nobody'
    return `${key} at ${position} of ${ends.get(key)} for ${Math.round((atMs - sinceMs) / 1000)} s${who}`
  })
  return failing(
    `stuck: ${listed(told)}`,
    `stuck: ${stuck
      .map(({ key }) => key)
      .toSorted()
      .join(', ')}`
  )
}

function behind(lag: number, lagMax: number, lags: readonly { key: string; lag: number }[]): Finding {
  const most = lags.reduce((a, b) => (b.lag > a.lag ? b : a))
  return failing(`${lag} messages behind, more than ${lagMax}; most in ${most.key} (${most.lag})`, 'behind')
}

const listed = (items: readonly string[]): string =>
  items.length <= namedMax
    ? items.join(', ')
    : `${items.slice(0, namedMax).join(', ')} and ${items.length - namedMax} more`

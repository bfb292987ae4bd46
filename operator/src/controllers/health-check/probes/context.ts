import type { GroupMemory, GroupJudgement } from '@gavel/platform/probes/consumer-group.ts'
import type { Finding } from '@gavel/platform/probes/finding.ts'

/** What every probe is given. */
export interface ProbeContext {
  /** As messages name it. */
  target: string
  namespace: string
  timeoutMs: number
  signal: AbortSignal
  /** The values of a Secret in the check's own namespace; `null` when there is no such Secret. */
  readSecret: (name: string) => Promise<Record<string, string> | null>
  memory: GroupMemory
}

export interface Probed {
  finding: Finding
  /** For a consumer group only: what to remember, and what stands still. */
  group?: Pick<GroupJudgement, 'memory' | 'stuck'>
}

import type { ReadSide } from '@gavel/contracts/api/search.ts'
import type { Rebuild } from '../store/read-side/rebuilds.ts'

export function readSideView({ serving, rebuild }: { serving: number; rebuild: Rebuild | undefined }): ReadSide {
  if (!rebuild) return { serving, rebuild: null }
  const { endedAt, stopped, ...told } = rebuild
  return {
    serving,
    rebuild: {
      ...told,
      status: endedAt !== undefined ? 'done' : stopped !== undefined ? 'stopped' : 'running',
      ...(endedAt !== undefined && { endedAt }),
      ...(stopped !== undefined && { reason: stopped })
    }
  }
}

import { inconclusive, judgeHttp, type Finding } from '@gavel/platform/probes/finding.ts'
import { askHttp } from '@gavel/platform/probes/http.ts'
import type { HttpCheck } from '../spec.ts'
import type { ProbeContext } from './context.ts'

export async function checkHttp(check: HttpCheck, context: ProbeContext): Promise<Finding> {
  const { target, timeoutMs, signal, readSecret } = context
  const headers = check.headersFromSecret === undefined ? undefined : await readSecret(check.headersFromSecret)
  if (headers === null)
    return inconclusive(`Secret ${check.headersFromSecret} with the request’s headers does not exist`)
  const answer = await askHttp(check.url, {
    method: check.method ?? 'GET',
    timeoutMs,
    signal,
    freshConnection: true,
    ...(headers ? { headers } : {})
  })
  return judgeHttp(target, check, answer)
}

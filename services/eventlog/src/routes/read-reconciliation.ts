import type { readReconciliation } from '@gavel/contracts/api/reconciliation.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { readChecks, statementServices } from '../store/differences.ts'

export const createReadReconciliation =
  (pool: Pool): Handler<typeof readReconciliation> =>
  async () => {
    const checks = [...(await readChecks(pool))]
    const statements = checks.map(([statement, checked]) => ({
      statement,
      service: statementServices[statement],
      ...checked
    }))
    const differences = statements.reduce((sum, each) => sum + each.differences, 0)
    return { status: 200, body: { differences, statements } }
  }

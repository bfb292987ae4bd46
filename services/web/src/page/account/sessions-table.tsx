import type { Session } from '@gavel/contracts/api/identity.ts'
import type { ReactNode } from 'react'
import { Badge, Table } from '../parts/view.tsx'
import { formatDate } from '../time.ts'
import { deviceOf } from './device.ts'

export function SessionsTable({
  sessions,
  end
}: {
  sessions: readonly Session[]
  end?: (session: Session) => ReactNode
}) {
  return (
    <Table label="Sign-ins" head={['Where', 'Signed in', 'Last used', 'Ends', ...(end ? [''] : [])]}>
      {sessions.map((session) => (
        <tr key={session.sessionId}>
          <td title={session.userAgent}>
            {deviceOf(session.userAgent)} {session.current && <Badge tone="good">here</Badge>}
          </td>
          <td>{formatDate(session.startedAt)}</td>
          <td>{formatDate(session.lastUsedAt)}</td>
          <td>{formatDate(session.expiresAt)}</td>
          {end && <td>{end(session)}</td>}
        </tr>
      ))}
    </Table>
  )
}

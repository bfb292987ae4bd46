import type { AuditedAct } from '@gavel/contracts/api/audit.ts'
import { useState, type SubmitEvent } from 'react'
import { Link } from 'wouter'
import { valueOf } from '../account/sign-in.tsx'
import { usePages } from '../api/query.ts'
import { Field } from '../parts/field.tsx'
import { Empty, ShownPages } from '../parts/states.tsx'
import { Badge, Table, View, type Tone } from '../parts/view.tsx'
import { formatPrecise, formatSpan } from '../time.ts'

const tones: Record<AuditedAct['outcome'], Tone> = { done: 'good', refused: 'warn', failed: 'bad', unknown: 'bad' }

export function Audit() {
  const [filter, setFilter] = useState<{ operation?: string; subject?: string }>({})
  const query = usePages('listAudit', { query: { limit: 50, ...filter } }, { refetchMs: 5_000 })
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const [operation, subject] = ['operation', 'subject'].map((name) => valueOf(event.currentTarget, name).trim())
    setFilter({ ...(operation && { operation }), ...(subject && { subject }) })
  }
  return (
    <View title="Audit" lead="What admins did: who, what, on what, and how it ended. Recorded before it was done." wide>
      <form className="row" onSubmit={submit}>
        <Field label="Operation" name="operation" pattern="[A-Za-z]{1,80}" placeholder="closeAuction" />
        <Field label="On what" name="subject" maxLength={128} />
        <button type="submit" className="quiet">
          Filter
        </button>
      </form>
      <ShownPages query={query} what="the acts" empty={<Empty title="No act">None fits.</Empty>}>
        {(acts) => (
          <Table label="Acts of admins" head={['When', 'Who', 'What', 'On what, and why', 'End', 'Took']}>
            {acts.map(({ actId, userId, operation, service, subject, reason, outcome, code, begunAt, endedAt }) => (
              <tr key={actId}>
                <td>{formatPrecise(begunAt)}</td>
                <td className="wrap">
                  <Link href={`/admin/users/${userId}`}>{userId}</Link>
                </td>
                <td>
                  <strong>{operation}</strong>
                  <br />
                  <span className="muted small">{service}</span>
                </td>
                <td className="wrap">
                  {subject ?? '–'}
                  {reason && (
                    <>
                      <br />
                      <span className="small">“{reason}”</span>
                    </>
                  )}
                </td>
                <td>
                  <Badge tone={tones[outcome]}>{outcome}</Badge> <span className="muted small">{code}</span>
                </td>
                <td className="number">{formatSpan(Math.max(0, endedAt - begunAt))}</td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
    </View>
  )
}

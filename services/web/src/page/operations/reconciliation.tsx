import { useSearchParams } from 'wouter'
import { useOperation, usePages } from '../api/query.ts'
import { Empty, Shown, ShownPages } from '../parts/states.tsx'
import { Badge, Table, View } from '../parts/view.tsx'
import { formatPrecise } from '../time.ts'

export function Reconciliation() {
  const [params, setParams] = useSearchParams()
  const isOpen = params.get('gone') === null
  const summary = useOperation('readReconciliation', {}, { refetchMs: 5_000 })
  const query = usePages('listDifferences', { query: { open: isOpen } }, { refetchMs: 5_000 })
  return (
    <View
      title="Reconciliation"
      lead="What the services have in their databases, beside what the event log says must be there."
      wide
    >
      <Shown query={summary} what="the comparison">
        {({ differences, statements }) => (
          <>
            <p className="verdict" data-tone={differences === 0 ? 'good' : 'bad'} role="status">
              {differences === 0
                ? 'No difference: everything is where it must be.'
                : `${differences} ${differences === 1 ? 'difference' : 'differences'}.`}
            </p>
            <Table
              label="What is compared"
              head={['What', 'Whose', 'Differences', 'Compared', 'On their way', 'Last looked at']}
            >
              {statements.map(({ statement, service, differences: count, compared, onTheirWay, checkedAt }) => (
                <tr key={statement}>
                  <td>
                    <strong>{statement}</strong>
                  </td>
                  <td>{service}</td>
                  <td>
                    <Badge tone={count === 0 ? 'good' : 'bad'}>{count}</Badge>
                  </td>
                  <td className="number">{compared}</td>
                  <td className="number">{onTheirWay}</td>
                  <td>{checkedAt === undefined ? 'not yet' : formatPrecise(checkedAt)}</td>
                </tr>
              ))}
            </Table>
          </>
        )}
      </Shown>
      <div className="tabs" role="group" aria-label="Which differences">
        <button type="button" aria-pressed={isOpen} onClick={() => setParams({}, { replace: true })}>
          Open
        </button>
        <button type="button" aria-pressed={!isOpen} onClick={() => setParams({ gone: '1' }, { replace: true })}>
          Gone
        </button>
      </div>
      <ShownPages query={query} what="the differences" empty={<Empty title="None" />}>
        {(items) => (
          <Table label="Differences" head={['What', 'Kind', 'By the log', 'Found', 'First seen', 'Last seen']}>
            {items.map(({ statement, subject, kind, expected, found, firstSeenAt, lastSeenAt, goneAt }) => (
              <tr key={`${statement} ${subject} ${kind} ${firstSeenAt}`}>
                <td>
                  {statement}
                  <br />
                  <span className="muted small wrap">{subject}</span>
                </td>
                <td>
                  <Badge tone={goneAt === undefined ? 'bad' : 'plain'}>{kind}</Badge>
                </td>
                <td className="wrap">{expected}</td>
                <td className="wrap">{found}</td>
                <td>{formatPrecise(firstSeenAt)}</td>
                <td>{formatPrecise(goneAt ?? lastSeenAt)}</td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
    </View>
  )
}

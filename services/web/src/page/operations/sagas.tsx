import type { Saga, SagaState } from '@gavel/contracts/api/sagas.ts'
import { Link, useSearchParams } from 'wouter'
import { serverNow, useServerSecond } from '../api/clock.ts'
import { useOperation, usePages } from '../api/query.ts'
import { formatMoney } from '../money.ts'
import { Empty, Shown, ShownPages } from '../parts/states.tsx'
import { Badge, Facts, Table, View, type Tone } from '../parts/view.tsx'
import { formatPrecise, formatSpan } from '../time.ts'

const tones: Record<SagaState, Tone> = { open: 'accent', compensating: 'warn', ordered: 'good', failed: 'bad' }
const states = [
  ['', 'All'],
  ['open', 'Open'],
  ['compensating', 'Giving back'],
  ['ordered', 'Ordered'],
  ['failed', 'Failed']
] as const

function Row({ saga }: { saga: Saga }) {
  useServerSecond()
  const { sale, state, stuck, stock, payment, lastStep, lastStepAt, endedAt, reason } = saga
  const took = (endedAt ?? serverNow()) - sale.confirmedAt
  return (
    <tr>
      <td>
        <Link href={`/operations/sagas/${sale.orderNumber}`}>{sale.orderNumber}</Link>
      </td>
      <td>
        <Badge tone={stuck ? 'bad' : tones[state]}>{stuck ? `stuck, ${state}` : state}</Badge>
        {reason && <span className="muted small"> {reason}</span>}
      </td>
      <td>
        stock {stock}, payment {payment}
        <br />
        <span className="muted small">
          last {lastStep}, {formatPrecise(lastStepAt)}
        </span>
      </td>
      <td className="number">{formatMoney(sale.totalMinor, sale.currency)}</td>
      <td className="number">{formatSpan(Math.max(0, took))}</td>
    </tr>
  )
}

function Counts() {
  const counts = useOperation('countSagas', {}, { refetchMs: 3_000 })
  return (
    <Shown query={counts} what="the counts" rows={1}>
      {({ open, compensating, ordered, failed, stuck }) => (
        <dl className="tiles">
          {(
            [
              ['Stuck', stuck, stuck > 0 ? 'bad' : 'plain'],
              ['Open', open, 'plain'],
              ['Giving back', compensating, 'plain'],
              ['Ordered', ordered, 'plain'],
              ['Failed', failed, 'plain']
            ] as const
          ).map(([name, count, tone]) => (
            <div key={name} data-tone={tone}>
              <dt>{name}</dt>
              <dd>{count}</dd>
            </div>
          ))}
        </dl>
      )}
    </Shown>
  )
}

export function Sagas() {
  const [params, setParams] = useSearchParams()
  const state = states.find(([value]) => value !== '' && value === params.get('state'))?.[0] as SagaState | undefined
  const query = usePages('listSagas', { query: { limit: 50, ...(state && { state }) } }, { refetchMs: 3_000 })
  return (
    <View title="Sagas" lead="Every sale and where it stands, the stuck ones first, the longest waiting on top." wide>
      <Counts />
      <div className="tabs" role="group" aria-label="Which sales">
        {states.map(([value, text]) => (
          <button
            key={value}
            type="button"
            aria-pressed={(state ?? '') === value}
            onClick={() => setParams(value ? { state: value } : {}, { replace: true })}
          >
            {text}
          </button>
        ))}
      </div>
      <ShownPages query={query} what="the sales" empty={<Empty title="No sale">There is none in this state.</Empty>}>
        {(sagas) => (
          <Table label="Sales" head={['Order', 'State', 'Steps', 'Total', 'Took']}>
            {sagas.map((saga) => (
              <Row key={saga.sale.orderNumber} saga={saga} />
            ))}
          </Table>
        )}
      </ShownPages>
    </View>
  )
}

export function SagaPage({ orderNumber }: { orderNumber: string }) {
  const query = useOperation('readSaga', { params: { orderNumber } }, { refetchMs: 2_000 })
  return (
    <View title="Saga" lead={orderNumber} wide>
      <Shown query={query} what="the story" rows={5}>
        {({ saga, steps }) => (
          <>
            <Facts
              rows={[
                [
                  'State',
                  <Badge key="state" tone={saga.stuck ? 'bad' : tones[saga.state]}>
                    {saga.stuck ? `stuck, ${saga.state}` : saga.state}
                  </Badge>
                ],
                [
                  'Buyer',
                  <Link key="buyer" href={`/admin/users/${saga.sale.userId}`}>
                    {saga.sale.userId}
                  </Link>
                ],
                [
                  'Auction',
                  <Link key="auction" href={`/auctions/${saga.sale.auctionId}`}>
                    {saga.sale.auctionId}
                  </Link>
                ],
                ['Total', formatMoney(saga.sale.totalMinor, saga.sale.currency)],
                ['Took', saga.endedAt ? formatSpan(saga.endedAt - saga.sale.confirmedAt) : 'not over yet'],
                ...(saga.reason ? [['Why it failed', saga.reason] as const] : [])
              ]}
            />
            <ol className="timeline">
              {steps.map(({ name, topic, time, position, eventId, source, traceId, reason, afterMs, standing }) => (
                <li key={eventId} data-state={/Rejected|Declined|Failed/.test(name) ? 'bad' : 'done'}>
                  <p>
                    <strong>{name}</strong>{' '}
                    <span className="muted number">
                      {afterMs === undefined ? formatPrecise(time) : `+ ${formatSpan(afterMs)}`}
                    </span>
                  </p>
                  <p className="muted small wrap">
                    {source}, topic {topic}, position {position}
                    {reason && `, ${reason}`}
                    {traceId && (
                      <>
                        , trace <Link href={`/operations/logs?kept=1&traceId=${traceId}`}>{traceId}</Link>
                      </>
                    )}
                  </p>
                  <p className="small">
                    Then: {standing.state}, stock {standing.stock}, payment {standing.payment}
                  </p>
                </li>
              ))}
            </ol>
          </>
        )}
      </Shown>
    </View>
  )
}

import type { HealthEntry, HealthTransition } from '@gavel/contracts/api/health.ts'
import { useState } from 'react'
import { serverNow, useServerSecond } from '../api/clock.ts'
import { useOperation, useRefresh } from '../api/query.ts'
import { useStream } from '../api/stream.ts'
import { announce } from '../parts/announce.tsx'
import { Empty, Shown } from '../parts/states.tsx'
import { Badge, Table, View, type Tone } from '../parts/view.tsx'
import { formatPrecise, formatSpan } from '../time.ts'

const tones: Record<HealthEntry['status'], Tone> = { up: 'good', down: 'bad', unknown: 'warn' }
const order = { down: 0, unknown: 1, up: 2 } as const

function Entry({ entry }: { entry: HealthEntry }) {
  useServerSecond()
  const { kind, name, status, message, since, members, lag } = entry
  return (
    <tr>
      <td>
        <Badge tone={tones[status]}>{status}</Badge>
      </td>
      <td>
        <strong>{name}</strong> <span className="muted small">{kind === 'group' ? 'consumer group' : kind}</span>
      </td>
      <td className="number">{formatSpan(Math.max(0, serverNow() - since))}</td>
      <td className="number">
        {lag === undefined ? '–' : lag}
        {members && <span className="muted small"> · {members.length} reading</span>}
      </td>
      <td className="wrap">{message}</td>
    </tr>
  )
}

function History() {
  const [live, setLive] = useState<HealthTransition[]>([])
  const refresh = useRefresh()
  const state = useStream<'streamHealth', HealthTransition>('streamHealth', {}, (transition) => {
    setLive((before) => [transition, ...before.filter(({ id }) => id !== transition.id)].slice(0, 30))
    announce(`${transition.name} is ${transition.status}.`)
    refresh('readHealth')
  })
  const history = useOperation('listHealthHistory', { query: { limit: 30 } })
  return (
    <section className="stack" aria-labelledby="health-history">
      <h2 id="health-history">
        What changed{' '}
        <Badge tone={state === 'live' ? 'good' : 'plain'}>{state === 'live' ? 'live' : 'connecting'}</Badge>
      </h2>
      <Shown query={history} what="the history">
        {({ items }) => {
          const known = new Set(live.map(({ id }) => id))
          const all = [...live, ...items.filter(({ id }) => !known.has(id))]
          if (all.length === 0)
            return <Empty title="Nothing has changed">Since the history is kept, everything stayed as it was.</Empty>
          return (
            <ol className="timeline">
              {all.map(({ id, at, name, status, message }) => (
                <li key={id} data-state={status === 'up' ? 'done' : status === 'down' ? 'bad' : 'now'}>
                  <p>
                    <time dateTime={new Date(at).toISOString()}>{formatPrecise(at)}</time> <strong>{name}</strong>{' '}
                    <Badge tone={tones[status]}>{status}</Badge>
                  </p>
                  <p className="muted wrap">{message}</p>
                </li>
              ))}
            </ol>
          )
        }}
      </Shown>
    </section>
  )
}

export function Health() {
  const query = useOperation('readHealth', {}, { refetchMs: 5_000 })
  return (
    <View
      title="Health"
      lead="Every service and every consumer group: who is down, since when, and whose fault it is."
      wide
    >
      <Shown query={query} what="the health of the platform" rows={6}>
        {({ status, checkedAt, entries }) => {
          const down = entries.filter((entry) => entry.status === 'down')
          return (
            <>
              <p className="verdict" data-tone={tones[status]} role="status">
                {status === 'up'
                  ? `All ${entries.length} are up.`
                  : down.length > 0
                    ? `${down.map(({ name }) => name).join(', ')} ${down.length === 1 ? 'is' : 'are'} down.`
                    : 'Some could not be asked.'}{' '}
                <span className="muted small">Checked {formatPrecise(checkedAt)}</span>
              </p>
              <Table label="Services and consumer groups" head={['State', 'Name', 'For', 'Lag', 'What is known']}>
                {entries
                  .toSorted(
                    (a, b) =>
                      order[a.status] - order[b.status] ||
                      a.kind.localeCompare(b.kind) * -1 ||
                      a.name.localeCompare(b.name)
                  )
                  .map((entry) => (
                    <Entry key={`${entry.kind} ${entry.name}`} entry={entry} />
                  ))}
              </Table>
            </>
          )
        }}
      </Shown>
      <History />
    </View>
  )
}

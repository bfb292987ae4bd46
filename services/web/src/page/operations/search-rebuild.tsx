import type { ReadSide } from '@gavel/contracts/api/search.ts'
import { call } from '../api/call.ts'
import { useOperation, useRefresh } from '../api/query.ts'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Empty, Shown } from '../parts/states.tsx'
import { Badge, Facts, Table, View, type Tone } from '../parts/view.tsx'
import { formatPrecise } from '../time.ts'

type Rebuild = NonNullable<ReadSide['rebuild']>

const tones: Record<Rebuild['status'], Tone> = { running: 'accent', stopped: 'bad', done: 'good' }

function Topics({ topics, head }: { topics: Rebuild['topics']; head: number }) {
  return (
    <Table label="How far each topic is read" head={['Topic', 'Read up to', 'How far', 'State']}>
      {topics.map(({ topic, position, complete }) => (
        <tr key={topic}>
          <td>
            <strong>{topic}</strong>
          </td>
          <td className="number">{position}</td>
          <td>
            <progress
              value={complete ? 1 : Math.min(position, head)}
              max={complete ? 1 : Math.max(1, head)}
              aria-label={`How far ${topic} is read`}
            />
          </td>
          <td>
            <Badge tone={complete ? 'good' : 'plain'}>{complete ? 'read' : 'not yet'}</Badge>
          </td>
        </tr>
      ))}
    </Table>
  )
}

function Last({ rebuild, head }: { rebuild: Rebuild; head: number }) {
  const { generation, status, startedBy, startedAt, endedAt, reason, topics } = rebuild
  return (
    <section className="stack" aria-labelledby="rebuild">
      <h2 id="rebuild">
        Generation {generation} <Badge tone={tones[status]}>{status}</Badge>
      </h2>
      <Facts
        rows={[
          ['Begun', formatPrecise(startedAt)],
          [
            'By',
            <span key="by" className="wrap">
              {startedBy}
            </span>
          ],
          ['Ended', endedAt === undefined ? 'not yet' : formatPrecise(endedAt)]
        ]}
      />
      {status === 'stopped' && (
        <p className="verdict" data-tone="bad">
          It stands still: {reason ?? 'its process ended'}. Building it goes on from here; searches read the generation
          before meanwhile.
        </p>
      )}
      <Topics topics={topics} head={head} />
    </section>
  )
}

/** What search reads, and building it anew from the log. */
export function SearchRebuild() {
  const query = useOperation('readSearchRebuild', {}, { refetchMs: 1_000 })
  const newest = useOperation('listEvents', { query: { order: 'newest-first', limit: 1 } }, { refetchMs: 10_000 })
  const refresh = useRefresh()
  const head = newest.data?.items[0]?.position ?? 0
  const status = query.data?.rebuild?.status
  const text = status === 'stopped' ? 'Go on building' : 'Build it anew'
  const build = async (): Promise<void> => {
    await call('rebuildSearch', {})
    refresh('readSearchRebuild')
  }
  return (
    <View
      title="Search"
      lead="Search reads tables of its own, made of events. They can be built anew from the log while searches go on."
      actions={query.data && status !== 'running' && <Build text={text} build={build} />}
    >
      <Shown query={query} what="what search reads">
        {({ serving, rebuild }) => (
          <>
            <p className="verdict" data-tone={rebuild?.status === 'stopped' ? 'warn' : 'good'} role="status">
              Searches read generation {serving}.
              {rebuild?.status === 'running' && ` Generation ${rebuild.generation} is being built.`}
            </p>
            {rebuild ? (
              <Last rebuild={rebuild} head={head} />
            ) : (
              <Empty title="Never built anew">Searches read what was made as events came.</Empty>
            )}
          </>
        )}
      </Shown>
    </View>
  )
}

function Build({ text, build }: { text: string; build: () => Promise<void> }) {
  return (
    <ConfirmButton text={text} title={`${text}?`} act={build} done="The building has begun.">
      <p>
        All events of items, stock, auctions and bids are read from the log again, with your sign-in. Searches go on and
        read the new tables once they are whole.
      </p>
      <p className="warn-text">Until then every event is written twice, and the log is read as fast as it can be.</p>
    </ConfirmButton>
  )
}

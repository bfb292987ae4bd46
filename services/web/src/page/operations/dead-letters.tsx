import type { DeadLetter, DeadLetterStatus } from '@gavel/contracts/api/dead-letters.ts'
import { Fragment, useState } from 'react'
import { useSearchParams } from 'wouter'
import { callUntilAnswered } from '../api/call.ts'
import { useOperation, usePages, useRefresh } from '../api/query.ts'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Empty, Shown, ShownPages } from '../parts/states.tsx'
import { Badge, Facts, Table, View, type Tone } from '../parts/view.tsx'
import { formatPrecise } from '../time.ts'

const tones: Record<DeadLetterStatus, Tone> = { open: 'bad', replayed: 'good', discarded: 'plain' }
const states = ['open', 'replayed', 'discarded'] as const

function Whole({ deadLetterId, onClose }: { deadLetterId: string; onClose: () => void }) {
  const query = useOperation('readDeadLetter', { params: { deadLetterId } })
  return (
    <Dialog title="Dead letter" onClose={onClose}>
      <Shown query={query} what="the dead letter">
        {({ group, topic, partition, offset, key, attempts, error, headers, payload, payloadBase64 }) => (
          <div className="stack">
            <Facts
              rows={[
                ['Group', group],
                ['Where', `${topic} ${partition ?? ''}:${offset ?? ''}`],
                ['Key', key ?? '–'],
                ['Attempts', attempts ?? '–']
              ]}
            />
            <p className="wrong wrap">{error}</p>
            <pre className="code">{payloadBase64 ?? JSON.stringify(payload, null, 2)}</pre>
            <details>
              <summary>Headers</summary>
              <pre className="code">{JSON.stringify(headers, null, 2)}</pre>
            </details>
          </div>
        )}
      </Shown>
    </Dialog>
  )
}

function Row({ letter, show }: { letter: DeadLetter; show: (id: string) => void }) {
  const refresh = useRefresh()
  const { deadLetterId, group, reason, error, diedAt, status, topic } = letter
  const decide = async (id: 'replayDeadLetter' | 'discardDeadLetter'): Promise<void> => {
    await callUntilAnswered(id, { params: { deadLetterId } })
    refresh('listDeadLetters')
  }
  return (
    <tr>
      <td>
        <Badge tone={tones[status]}>{status}</Badge>
      </td>
      <td>
        {group}
        <br />
        <span className="muted small">{topic}</span>
      </td>
      <td className="wrap">
        <strong>{reason}</strong>
        <br />
        <span className="small">{error.slice(0, 200)}</span>
      </td>
      <td>{formatPrecise(diedAt)}</td>
      <td>
        <div className="actions">
          <button type="button" className="quiet small" onClick={() => show(deadLetterId)}>
            Look
          </button>
          {status === 'open' && (
            <>
              <ConfirmButton
                text="Replay"
                title="Replay this record?"
                act={() => decide('replayDeadLetter')}
                done="It is sent again."
              >
                <p>
                  It goes to its topic again as it was. Groups that handled it drop it; the one that failed handles it.
                </p>
              </ConfirmButton>
              <ConfirmButton
                text="Discard"
                title="Discard this record?"
                act={() => decide('discardDeadLetter')}
                done="It is closed."
              >
                <p>It is closed without being sent again, and kept.</p>
              </ConfirmButton>
            </>
          )}
        </div>
      </td>
    </tr>
  )
}

export function DeadLetters() {
  const [params, setParams] = useSearchParams()
  const [shown, setShown] = useState<string>()
  const refresh = useRefresh()
  const status = states.find((value) => value === params.get('status')) ?? 'open'
  const query = usePages('listDeadLetters', { query: { status } }, { refetchMs: 5_000 })
  const groups = [...new Set((query.items ?? []).map(({ group }) => group))]
  const decideAll = async (id: 'replayDeadLetters' | 'discardDeadLetters', group: string): Promise<void> => {
    let more = true
    while (more) more = (await callUntilAnswered(id, { body: { group } })).more
    refresh('listDeadLetters')
  }
  return (
    <View title="Dead letters" lead="What a consumer could not handle, kept until somebody decides." wide>
      <div className="tabs" role="group" aria-label="Which dead letters">
        {states.map((value) => (
          <button
            key={value}
            type="button"
            aria-pressed={status === value}
            onClick={() => setParams({ status: value }, { replace: true })}
          >
            {value}
          </button>
        ))}
      </div>
      {status === 'open' && groups.length > 0 && (
        <div className="actions">
          {groups.map((group) => (
            <Fragment key={group}>
              <ConfirmButton
                text={`Replay all of ${group}`}
                title={`Replay all open ones of ${group}?`}
                act={() => decideAll('replayDeadLetters', group)}
                done="They are sent again."
              >
                <p>In the order in which they came. Do it once the cause is mended, or they come back.</p>
              </ConfirmButton>
              <ConfirmButton
                text={`Discard all of ${group}`}
                title={`Discard all open ones of ${group}?`}
                act={() => decideAll('discardDeadLetters', group)}
                done="They are closed."
              >
                <p>They are closed without being sent again, and kept.</p>
              </ConfirmButton>
            </Fragment>
          ))}
        </div>
      )}
      <ShownPages
        query={query}
        what="the dead letters"
        empty={
          <Empty title="None">{status === 'open' ? 'Every record was handled.' : 'There is none in this state.'}</Empty>
        }
      >
        {(letters) => (
          <Table label="Dead letters" head={['State', 'Group', 'Why', 'Died', 'Decide']}>
            {letters.map((letter) => (
              <Row key={letter.deadLetterId} letter={letter} show={setShown} />
            ))}
          </Table>
        )}
      </ShownPages>
      {shown && <Whole deadLetterId={shown} onClose={() => setShown(undefined)} />}
    </View>
  )
}

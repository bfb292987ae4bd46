import type { User } from '@gavel/contracts/api/identity.ts'
import { useState, type ReactNode, type SubmitEvent } from 'react'
import { Link, useSearchParams } from 'wouter'
import { SessionsTable } from '../account/sessions-table.tsx'
import { useSending, valueOf } from '../account/sign-in.tsx'
import { call, callUntilAnswered } from '../api/call.ts'
import { useOperation, usePages, useRefresh } from '../api/query.ts'
import { useAccount } from '../api/session.ts'
import { formatMoney, parseAmount } from '../money.ts'
import { announce } from '../parts/announce.tsx'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Field } from '../parts/field.tsx'
import { Empty, Shown, ShownPages, Wrong } from '../parts/states.tsx'
import { Badge, Facts, Table, View } from '../parts/view.tsx'
import { formatDate } from '../time.ts'

const kinds = [
  ['', 'All', {}],
  ['bidders', 'Bidders', { role: 'bidder' }],
  ['admins', 'Admins', { role: 'admin' }],
  ['locked', 'Locked', { locked: true }]
] as const

function Marks({ user: { role, emailVerified, locked, erasedAt } }: { user: User }) {
  return (
    <span className="inline">
      {role === 'admin' && <Badge tone="accent">admin</Badge>}
      {locked && <Badge tone="bad">locked</Badge>}
      {erasedAt !== undefined && <Badge>erased</Badge>}
      {erasedAt === undefined && !emailVerified && <Badge tone="warn">address not confirmed</Badge>}
    </span>
  )
}

export function Users() {
  const [params, setParams] = useSearchParams()
  const [kind, , filter] = kinds.find(([value]) => value === params.get('kind')) ?? kinds[0]
  const search = params.get('search') ?? ''
  const query = usePages(
    'listUsers',
    { query: { limit: 50, ...filter, ...(search && { search }) } },
    { refetchMs: 15_000 }
  )
  const show = (next: { kind?: string; search?: string }): void => {
    const all = Object.entries({ kind, search, ...next }).filter(([, value]) => value !== '')
    setParams(Object.fromEntries(all), { replace: true })
  }
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    show({ search: valueOf(event.currentTarget, 'search').trim() })
  }
  return (
    <View title="Users" lead="Whoever has an account, the newest first." wide>
      <div className="tabs" role="group" aria-label="Which accounts">
        {kinds.map(([value, text]) => (
          <button key={value} type="button" aria-pressed={kind === value} onClick={() => show({ kind: value })}>
            {text}
          </button>
        ))}
      </div>
      <form className="row" onSubmit={submit}>
        <Field label="Begins with (name or e-mail)" name="search" maxLength={100} defaultValue={search} />
        <button type="submit" className="quiet">
          Filter
        </button>
      </form>
      <ShownPages query={query} what="the accounts" empty={<Empty title="Nobody">No account fits.</Empty>}>
        {(users) => (
          <Table label="Accounts" head={['Name', 'E-mail', 'State', 'Since']}>
            {users.map((user) => (
              <tr key={user.userId}>
                <td className="wrap">
                  <Link href={`/admin/users/${user.userId}`}>{user.displayName}</Link>
                </td>
                <td className="wrap">{user.email}</td>
                <td>
                  <Marks user={user} />
                </td>
                <td>{formatDate(user.registeredAt)}</td>
              </tr>
            ))}
          </Table>
        )}
      </ShownPages>
    </View>
  )
}

/** What an admin does to an account is audited with the reason given for it. */
function WithReason({
  text,
  title,
  children,
  act,
  done
}: {
  text: string
  title: string
  children: ReactNode
  act: (reason: string) => Promise<unknown>
  done: string
}) {
  const [reason, setReason] = useState('')
  const refresh = useRefresh()
  const run = async (): Promise<void> => {
    if (reason.trim() === '') throw new Error('Say why: it stands in the audit.')
    await act(reason.trim())
    setReason('')
    refresh('readUser', 'listUsers', 'listUserSessions', 'listAudit')
  }
  return (
    <ConfirmButton text={text} title={title} act={run} done={done}>
      {children}
      <Field
        label="Why"
        maxLength={300}
        value={reason}
        hint="It stands in the audit for good, so it should name no person."
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </ConfirmButton>
  )
}

function Actions({ user: { userId, role, locked, erasedAt } }: { user: User }) {
  const own = useAccount()?.userId
  const params = { userId }
  if (userId === own) return <p className="muted">This is your own account.</p>
  if (erasedAt !== undefined) return null
  const isAdmin = role === 'admin'
  const other = isAdmin ? 'bidder' : 'admin'
  return (
    <>
      {locked ? (
        <WithReason
          text="Unlock"
          title="Unlock this account?"
          act={(reason) => call('unlockUser', { params, body: { reason } })}
          done="The account is unlocked."
        >
          <p>It can be signed in to again. A lock by failed log-ins is lifted too.</p>
        </WithReason>
      ) : (
        <WithReason
          text="Lock"
          title="Lock this account?"
          act={(reason) => call('lockUser', { params, body: { reason } })}
          done="The account is locked."
        >
          <p>Nobody signs in to it until it is unlocked, and its sign-ins end.</p>
        </WithReason>
      )}
      <WithReason
        text="End its sign-ins"
        title="End every sign-in of this account?"
        act={(reason) => call('endUserSessions', { params, body: { reason } })}
        done="The sign-ins have ended."
      >
        <p>Whoever uses it must sign in again, within ten minutes at the most.</p>
      </WithReason>
      <WithReason
        text={isAdmin ? 'Make it a bidder’s' : 'Make it an admin’s'}
        title={isAdmin ? 'Make it a bidder’s account?' : 'Make it an admin’s account?'}
        act={(reason) => call('changeUserRole', { params, body: { role: other, reason } })}
        done="The role is changed."
      >
        <p>{isAdmin ? 'It runs the house no longer.' : 'It may do everything that you may.'} Its sign-ins end.</p>
      </WithReason>
      {!isAdmin && (
        <WithReason
          text="Erase"
          title="Erase this person?"
          act={(reason) => call('eraseUser', { params, body: { reason } })}
          done="The person is erased."
        >
          <p>Name and address are gone for good, everywhere. Orders and bids stay, under an id that leads to nobody.</p>
        </WithReason>
      )}
    </>
  )
}

/** How much a bidder may have in play at once. */
function CreditLimit({ userId }: { userId: string }) {
  const { error, isSending, send } = useSending()
  const [said, setSaid] = useState('')
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const [currency, text] = [valueOf(form, 'currency'), valueOf(form, 'limit').trim()]
    void send(async () => {
      setSaid('')
      const limitMinor = text === '' ? null : parseAmount(text, currency)
      if (limitMinor === undefined) throw new Error('Write an amount such as 500.00, or nothing for no limit.')
      await callUntilAnswered('setCreditLimit', { params: { userId, currency }, body: { limitMinor } })
      const words =
        limitMinor === null
          ? `There is no limit in ${currency}.`
          : `The limit is ${formatMoney(limitMinor, currency)}. It counts what is bid from now on.`
      setSaid(words)
      announce(words)
    })
  }
  return (
    <form className="panel" onSubmit={submit}>
      <h2>Credit limit</h2>
      <div className="row">
        <Field label="Currency" name="currency" defaultValue="USD" pattern="[A-Z]{3}" required />
        <Field label="At most (empty: no limit)" name="limit" inputMode="decimal" placeholder="500.00" />
        <button type="submit" className="quiet" disabled={isSending}>
          {isSending ? 'Setting …' : 'Set the limit'}
        </button>
      </div>
      {said && <p role="status">{said}</p>}
      <Wrong words={error} />
    </form>
  )
}

export function UserPage({ userId }: { userId: string }) {
  const query = useOperation('readUser', { params: { userId } }, { refetchMs: 15_000 })
  const sessions = useOperation('listUserSessions', { params: { userId } }, { refetchMs: 15_000 })
  return (
    <View
      title={query.data?.displayName ?? 'Account'}
      lead={userId}
      actions={query.data && <Actions user={query.data} />}
    >
      <Shown query={query} what="the account">
        {(user) => (
          <Facts
            rows={[
              ['E-mail', user.email],
              ['Role', user.role],
              ['Member since', formatDate(user.registeredAt)],
              [
                'State',
                user.locked || user.erasedAt || !user.emailVerified ? <Marks key="marks" user={user} /> : 'in order'
              ],
              ...(user.locked ? [['Locked', `${formatDate(user.locked.at)}: ${user.locked.reason}`] as const] : []),
              ...(user.erasedAt === undefined ? [] : [['Erased', formatDate(user.erasedAt)] as const]),
              [
                'Orders',
                <Link key="orders" href={`/admin/orders?userId=${userId}`}>
                  What they bought
                </Link>
              ]
            ]}
          />
        )}
      </Shown>
      <section className="stack" aria-labelledby="sessions">
        <h2 id="sessions">Sign-ins</h2>
        <Shown query={sessions} what="the sign-ins" rows={2}>
          {({ items }) =>
            items.length === 0 ? <p className="muted">Signed in nowhere.</p> : <SessionsTable sessions={items} />
          }
        </Shown>
      </section>
      {query.data?.role === 'bidder' && query.data.erasedAt === undefined && <CreditLimit userId={userId} />}
    </View>
  )
}

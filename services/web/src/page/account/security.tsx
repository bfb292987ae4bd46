import { useState } from 'react'
import { useLocation } from 'wouter'
import { call } from '../api/call.ts'
import { useOperation, useRefresh } from '../api/query.ts'
import { setSession, useAccount } from '../api/session.ts'
import { announce } from '../parts/announce.tsx'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Field } from '../parts/field.tsx'
import { Shown, Wrong } from '../parts/states.tsx'
import { View } from '../parts/view.tsx'
import { collectOwnData, offerFile } from './own-data.ts'
import { SessionsTable } from './sessions-table.tsx'
import { useSending } from './sign-in.tsx'

function SignIns() {
  const query = useOperation('listMySessions', {}, { refetchMs: 30_000 })
  const refresh = useRefresh()
  const end = async (sessionId: string): Promise<void> => {
    await call('endMySession', { params: { sessionId } })
    refresh('listMySessions')
  }
  const endOthers = async (): Promise<void> => {
    await call('endMyOtherSessions', {})
    refresh('listMySessions')
  }
  return (
    <section className="stack" aria-labelledby="sign-ins">
      <h2 id="sign-ins">Where you are signed in</h2>
      <Shown query={query} what="your sign-ins" rows={2}>
        {({ items }) => (
          <>
            <SessionsTable
              sessions={items}
              end={({ sessionId, current }) =>
                !current && (
                  <ConfirmButton
                    text="End"
                    title="End this sign-in?"
                    act={() => end(sessionId)}
                    done="The sign-in has ended."
                  >
                    <p>Whoever uses it must sign in again, within ten minutes at the most.</p>
                  </ConfirmButton>
                )
              }
            />
            {items.length > 1 && (
              <div className="actions">
                <ConfirmButton
                  text="End all others"
                  title="End every sign-in but this one?"
                  act={endOthers}
                  done="All others have ended."
                >
                  <p>Every other browser and phone must sign in again.</p>
                </ConfirmButton>
              </div>
            )}
          </>
        )}
      </Shown>
    </section>
  )
}

function Password({ email }: { email: string }) {
  const { error, isSending, send } = useSending()
  const [isSent, setSent] = useState(false)
  const ask = (): Promise<void> =>
    send(async () => {
      await call('forgotPassword', { body: { email } })
      setSent(true)
    })
  return (
    <section className="stack" aria-labelledby="password">
      <h2 id="password">Password</h2>
      <p className="muted">A new one is set with a link that is mailed to {email}. It ends every sign-in.</p>
      <div className="actions" role="status">
        {isSent ? (
          <p>The mail is on its way.</p>
        ) : (
          <button type="button" className="quiet small" disabled={isSending} onClick={() => void ask()}>
            {isSending ? 'Sending …' : 'Send me the link'}
          </button>
        )}
      </div>
      <Wrong words={error} />
    </section>
  )
}

function Data() {
  const { error, isSending, send } = useSending()
  const download = (): Promise<void> =>
    send(async () => {
      offerFile('gavel-my-data.json', JSON.stringify(await collectOwnData(), null, 2))
      announce('Your data is downloaded.')
    })
  return (
    <section className="stack" aria-labelledby="data">
      <h2 id="data">Your data</h2>
      <p className="muted">Everything that is kept of you, by every service, in one file.</p>
      <div className="actions">
        <button type="button" className="quiet small" disabled={isSending} onClick={() => void download()}>
          {isSending ? 'Collecting …' : 'Download it'}
        </button>
      </div>
      <Wrong words={error} />
    </section>
  )
}

function Erase() {
  const [password, setPassword] = useState('')
  const [, go] = useLocation()
  const erase = async (): Promise<void> => {
    if (password === '') throw new Error('Type your password: nobody else shall erase you.')
    await call('eraseMyAccount', { body: { password } })
    go('/')
    setSession(undefined)
  }
  return (
    <section className="stack" aria-labelledby="erase">
      <h2 id="erase">Leave for good</h2>
      <p className="muted">
        Your name and address are erased everywhere. Orders and bids stay, under an id that leads to nobody.
      </p>
      <div className="actions">
        <ConfirmButton text="Erase my account" title="Erase your account?" act={erase} done="Your account is erased.">
          <p>This cannot be taken back, by nobody.</p>
          <Field
            label="Your password"
            type="password"
            autoComplete="current-password"
            maxLength={256}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        </ConfirmButton>
      </div>
    </section>
  )
}

export function Security() {
  const account = useAccount()
  if (!account) return null
  return (
    <View title="Sign-ins and data">
      <SignIns />
      <Password email={account.email} />
      <Data />
      {account.role === 'bidder' && <Erase />}
    </View>
  )
}

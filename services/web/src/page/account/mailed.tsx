import { useQuery } from '@tanstack/react-query'
import { useState, type ReactNode, type SubmitEvent } from 'react'
import { Link } from 'wouter'
import { call } from '../api/call.ts'
import { useRefresh } from '../api/query.ts'
import { setSession, useAccount } from '../api/session.ts'
import { announce } from '../parts/announce.tsx'
import { Field } from '../parts/field.tsx'
import { Failed, Loading, Wrong } from '../parts/states.tsx'
import { View } from '../parts/view.tsx'
import { dropMailedToken, mailedToken } from './mailed-link.ts'
import { useSending, valueOf } from './sign-in.tsx'

/** What is done through a mail: an address confirmed, a password set anew. */

function Incomplete({ children }: { children: ReactNode }) {
  return (
    <div className="failed" role="alert">
      <p>This address is not complete. Open the link of the mail as it stands there. {children}</p>
    </div>
  )
}

export function VerifyEmail() {
  const account = useAccount()
  const refresh = useRefresh()
  const [token] = useState(mailedToken)
  const query = useQuery({
    queryKey: ['verifyEmail', token],
    queryFn: async () => {
      await call('verifyEmail', { body: { token } }, { anonymous: true })
      dropMailedToken()
      refresh('readMyAccount')
      return true
    },
    enabled: token !== '',
    staleTime: Number.POSITIVE_INFINITY
  })
  return (
    <View title="Confirm your address">
      {token === '' ? (
        <Incomplete>
          {account && (
            <>
              Or let <Link href="/account">another mail</Link> be sent.
            </>
          )}
        </Incomplete>
      ) : query.data ? (
        <p className="verdict" data-tone="good" role="status">
          Your e-mail address is confirmed. <Link href={account ? '/account' : '/account/sign-in'}>Go on</Link>
        </p>
      ) : query.error ? (
        <Failed error={query.error} again={() => void query.refetch()} />
      ) : (
        <Loading what="the answer" rows={1} />
      )}
    </View>
  )
}

/** For whoever has an account whose address nobody has confirmed. */
export function Unverified() {
  const { error, isSending, send } = useSending()
  const [isSent, setSent] = useState(false)
  const again = (): Promise<void> =>
    send(async () => {
      await call('requestEmailVerification', {})
      setSent(true)
    })
  return (
    <div className="verdict" data-tone="warn">
      <p>A mail with a link went to your address when you registered. Open the link to confirm it is yours.</p>
      <p className="actions" role="status">
        {isSent ? (
          'Another mail is on its way.'
        ) : (
          <button type="button" className="quiet small" disabled={isSending} onClick={() => void again()}>
            {isSending ? 'Sending …' : 'Send the mail again'}
          </button>
        )}
      </p>
      <Wrong words={error} />
    </div>
  )
}

export function ForgotPassword() {
  const { error, isSending, send } = useSending()
  const [sentTo, setSentTo] = useState('')
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const email = valueOf(event.currentTarget, 'email').trim()
    void send(async () => {
      await call('forgotPassword', { body: { email } }, { anonymous: true })
      setSentTo(email)
    })
  }
  return (
    <View title="Set a new password" lead="A mail brings you a link that works once, for half an hour.">
      {sentTo ? (
        <p className="verdict" data-tone="good" role="status">
          If {sentTo} has an account here, a mail is on its way to it.
        </p>
      ) : (
        <form className="narrow-form" onSubmit={submit}>
          <Field label="E-mail" name="email" type="email" autoComplete="username" maxLength={254} required />
          <Wrong words={error} />
          <button type="submit" className="primary" disabled={isSending}>
            {isSending ? 'Sending …' : 'Send the mail'}
          </button>
        </form>
      )}
      <p className="muted">
        <Link href="/account/sign-in">Back to the sign-in</Link>
      </p>
    </View>
  )
}

export function ResetPassword() {
  const { error, isSending, send } = useSending()
  const [token] = useState(mailedToken)
  const [isSet, setSet] = useState(false)
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const password = valueOf(event.currentTarget, 'password')
    void send(async () => {
      await call('resetPassword', { body: { token, password } }, { anonymous: true })
      dropMailedToken()
      // Every sign-in has ended, the one of this browser too.
      setSession(undefined)
      announce('The new password is set.')
      setSet(true)
    })
  }
  return (
    <View title="Set a new password" lead="Every sign-in to your account ends with it.">
      {isSet ? (
        <p className="verdict" data-tone="good" role="status">
          The new password is set. <Link href="/account/sign-in?next=/account">Sign in with it</Link>
        </p>
      ) : token === '' ? (
        <Incomplete>
          Or let <Link href="/account/forgot-password">another mail</Link> be sent.
        </Incomplete>
      ) : (
        <form className="narrow-form" onSubmit={submit}>
          <Field
            label="New password"
            name="password"
            type="password"
            autoComplete="new-password"
            maxLength={256}
            hint="Long beats clever: a few words in a row do well."
            required
          />
          <Wrong words={error} />
          <button type="submit" className="primary" disabled={isSending}>
            {isSending ? 'Setting …' : 'Set the password'}
          </button>
          <p className="muted">
            The link no longer works? <Link href="/account/forgot-password">Let another mail be sent</Link>
          </p>
        </form>
      )}
    </View>
  )
}

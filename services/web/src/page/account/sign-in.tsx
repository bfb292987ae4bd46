import { useState, type SubmitEvent } from 'react'
import { Link, useLocation, useSearch } from 'wouter'
import { call } from '../api/call.ts'
import { sentence } from '../api/problem.ts'
import { setSession } from '../api/session.ts'
import { Field } from '../parts/field.tsx'
import { Wrong } from '../parts/states.tsx'
import { View } from '../parts/view.tsx'
import { nextOf } from './next.ts'

export function valueOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  return typeof value === 'string' ? value : ''
}

export function useSending() {
  const [error, setError] = useState('')
  const [isSending, setSending] = useState(false)
  const send = async (work: () => Promise<void>): Promise<void> => {
    setSending(true)
    setError('')
    try {
      await work()
    } catch (thrown) {
      setError(sentence(thrown))
    } finally {
      setSending(false)
    }
  }
  return { error, isSending, send }
}

export function SignIn() {
  const search = useSearch()
  const [, go] = useLocation()
  const { error, isSending, send } = useSending()
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const body = { email: valueOf(form, 'email'), password: valueOf(form, 'password') }
    void send(async () => {
      setSession(await call('logIn', { body }, { anonymous: true }))
      go(nextOf(search), { replace: true })
    })
  }
  return (
    <View title="Sign in">
      <form className="narrow-form" onSubmit={submit}>
        <Field label="E-mail" name="email" type="email" autoComplete="username" maxLength={254} required />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          maxLength={256}
          required
        />
        <Wrong words={error} />
        <button type="submit" className="primary" disabled={isSending}>
          {isSending ? 'Signing in …' : 'Sign in'}
        </button>
        <p className="muted">
          <Link href="/account/forgot-password">Forgotten your password?</Link>
        </p>
        <p className="muted">
          No account yet? <Link href={`/account/register${search ? `?${search}` : ''}`}>Make one</Link>
        </p>
      </form>
    </View>
  )
}

export function Register() {
  const search = useSearch()
  const [, go] = useLocation()
  const { error, isSending, send } = useSending()
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const body = {
      email: valueOf(form, 'email'),
      password: valueOf(form, 'password'),
      displayName: valueOf(form, 'displayName')
    }
    void send(async () => {
      setSession(await call('register', { body }, { anonymous: true }))
      go(nextOf(search), { replace: true })
    })
  }
  return (
    <View title="Make an account" lead="An account bids, buys, and is told at once when it is outbid.">
      <form className="narrow-form" onSubmit={submit}>
        <Field label="E-mail" name="email" type="email" autoComplete="username" maxLength={254} required />
        <Field
          label="Name"
          name="displayName"
          autoComplete="nickname"
          maxLength={80}
          hint="Auctions show a pseudonym of their own, never this name."
          required
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          maxLength={256}
          hint="Long beats clever: a few words in a row do well."
          required
        />
        <Wrong words={error} />
        <button type="submit" className="primary" disabled={isSending}>
          {isSending ? 'Making the account …' : 'Make the account'}
        </button>
        <p className="muted">
          You have one already? <Link href={`/account/sign-in${search ? `?${search}` : ''}`}>Sign in</Link>
        </p>
      </form>
    </View>
  )
}

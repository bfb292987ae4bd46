import type { SubmitEvent } from 'react'
import { useQueryClient } from '@tanstack/react-query'
import { callUntilAnswered } from '../api/call.ts'
import { Problem } from '../api/problem.ts'
import { useOperation } from '../api/query.ts'
import { announce } from '../parts/announce.tsx'
import { Field } from '../parts/field.tsx'
import { Empty, Failed, Loading, Wrong } from '../parts/states.tsx'
import { Facts, View } from '../parts/view.tsx'
import { formatDate } from '../time.ts'
import { useSending, valueOf } from './sign-in.tsx'

function Stored() {
  const { data, error, refetch } = useOperation('readPaymentMethod', {})
  if (error instanceof Problem && error.code === 'PAYMENT_METHOD_MISSING')
    return <Empty title="No card yet">Store one before you bid: a sale without a card fails.</Empty>
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (!data) return <Loading what="your card" rows={1} />
  return (
    <Facts
      rows={[
        ['Card', `${data.brand} ending in ${data.lastFour}`],
        ['Good until', `${String(data.expiryMonth).padStart(2, '0')}/${data.expiryYear}`],
        ['Stored', formatDate(data.storedAt)]
      ]}
    />
  )
}

export function Card() {
  const { error, isSending, send } = useSending()
  const client = useQueryClient()
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const [month = '', year = ''] = valueOf(form, 'expiry').split('/')
    const body = {
      cardNumber: valueOf(form, 'cardNumber').replaceAll(/\s/g, ''),
      expiryMonth: Number(month),
      expiryYear: 2000 + Number(year),
      code: valueOf(form, 'code')
    }
    void send(async () => {
      await callUntilAnswered('storePaymentMethod', { body })
      form.reset()
      announce('The card is stored.')
      await client.invalidateQueries({ queryKey: ['readPaymentMethod'] })
    })
  }
  return (
    <View title="Payment" lead="The card that what you win and buy is charged to.">
      <Stored />
      <form className="narrow-form" onSubmit={submit}>
        <h2>Store a card</h2>
        <Field
          label="Card number"
          name="cardNumber"
          inputMode="numeric"
          autoComplete="cc-number"
          pattern="[0-9 ]{12,23}"
          hint="It goes to the payment provider and is kept nowhere here."
          required
        />
        <div className="row">
          <Field
            label="Good until (MM/YY)"
            name="expiry"
            autoComplete="cc-exp"
            inputMode="numeric"
            pattern="(0[1-9]|1[0-2])/[0-9]{2}"
            placeholder="12/29"
            required
          />
          <Field label="Code" name="code" inputMode="numeric" autoComplete="cc-csc" pattern="[0-9]{3,4}" required />
        </div>
        <Wrong words={error} />
        <button type="submit" className="primary" disabled={isSending}>
          {isSending ? 'Storing …' : 'Store the card'}
        </button>
      </form>
    </View>
  )
}

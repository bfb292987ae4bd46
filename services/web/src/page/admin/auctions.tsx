import { useState, type SubmitEvent } from 'react'
import { Link, useSearchParams } from 'wouter'
import { call, callUntilAnswered } from '../api/call.ts'
import { useOperation, usePages, useRefresh } from '../api/query.ts'
import { useSending, valueOf } from '../account/sign-in.tsx'
import { shownPriceMinor } from '../auctions/auction-now.ts'
import { formatMoney, parseAmount } from '../money.ts'
import { announce } from '../parts/announce.tsx'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { Empty, ShownPages, Wrong } from '../parts/states.tsx'
import { Badge, Table, View } from '../parts/view.tsx'
import { formatDate, fromLocalInput, toLocalInput } from '../time.ts'
import { AuctionActions } from './auction-actions.tsx'
import { modes, termsFrom } from './auction-terms.ts'

const hourMs = 3_600_000

function OpenAuction({ item, onClose }: { item: string; onClose: () => void }) {
  const { error, isSending, send } = useSending()
  const [mode, setMode] = useState<string>('english')
  const refresh = useRefresh()
  const product = useOperation('readProduct', { params: { productId: item } }, { enabled: item !== '' })
  // Chosen here, so that sending it again after a break opens one auction.
  const [tomorrow] = useState(() => toLocalInput(Date.now() + 24 * hourMs))
  const [auctionId] = useState(() => crypto.randomUUID())
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = event.currentTarget
    const terms = termsFrom((name) => valueOf(form, name), { parseAmount, fromLocalInput })
    void send(async () => {
      if (typeof terms === 'string') throw new Error(terms)
      const { title } = await call('readProduct', { params: { productId: terms.productId } })
      await callUntilAnswered('openAuction', { body: { auctionId, title, ...terms } })
      refresh('listAuctions')
      announce('The auction is open.')
      onClose()
    })
  }
  const isFixed = mode === 'fixed-price'
  const isEnglish = mode === 'english'
  return (
    <Dialog title="Open an auction" onClose={onClose}>
      <form onSubmit={submit}>
        <Field
          label="Item (its id)"
          name="productId"
          required
          defaultValue={item}
          hint={product.data?.title}
          maxLength={64}
        />
        <Choice
          label="Kind"
          name="mode"
          options={modes}
          value={mode}
          onChange={(event) => setMode(event.currentTarget.value)}
        />
        <div className="row">
          <Field label="Currency" name="currency" defaultValue="USD" pattern="[A-Z]{3}" required />
          <Field
            label={isFixed ? 'Price' : 'Opening price'}
            name="opening"
            inputMode="decimal"
            required
            placeholder="10.00"
          />
          {!isFixed && <Field label="Reserve (may be empty)" name="reserve" inputMode="decimal" />}
        </div>
        <div className="row">
          <Field label="Starts" name="startsAt" type="datetime-local" />
          <Field label="Ends" name="endsAt" type="datetime-local" required defaultValue={tomorrow} />
        </div>
        {isFixed && (
          <div className="row">
            <Field label="Pieces" name="quantity" type="number" min={1} defaultValue="1" />
            <Field label="Pieces a buyer may take" name="quantityPerBuyer" type="number" min={1} />
          </div>
        )}
        {isEnglish && (
          <div className="row">
            <Field label="Buy-now price (may be empty)" name="buyNow" inputMode="decimal" />
            <Field
              label="A bid in the last … seconds moves the end on"
              name="antiSniping"
              type="number"
              min={0}
              max={3_600}
              defaultValue="60"
            />
          </div>
        )}
        <Wrong words={error} />
        <button type="submit" className="primary" disabled={isSending}>
          {isSending ? 'Opening …' : 'Open it'}
        </button>
      </form>
    </Dialog>
  )
}

const states = ['open', 'scheduled', 'closed'] as const

export function Auctions() {
  const [params, setParams] = useSearchParams()
  const item = params.get('item') ?? ''
  const [isOpening, setOpening] = useState(item !== '')
  const status = states.find((value) => value === params.get('status')) ?? 'open'
  const query = usePages('listAuctions', { query: { status, limit: 50 } }, { refetchMs: 5_000 })
  const refresh = useRefresh()
  const close = async (auctionId: string): Promise<void> => {
    await call('closeAuction', { params: { auctionId } })
    refresh('listAuctions')
  }
  return (
    <View
      title="Auctions"
      wide
      actions={
        <button type="button" className="primary" onClick={() => setOpening(true)}>
          Open an auction
        </button>
      }
    >
      <div className="tabs" role="group" aria-label="Which auctions">
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
      <ShownPages query={query} what="the auctions" empty={<Empty title="There is none here" />}>
        {(auctions) => (
          <Table label="Auctions" head={['Auction', 'Kind', 'Price', 'Bids', 'Ends', '']}>
            {auctions.map((auction) => {
              const { auctionId, title, mode, bidCount, currency, endsAt, status: state } = auction
              return (
                <tr key={auctionId}>
                  <td>
                    <Link href={`/auctions/${auctionId}`}>{title}</Link>
                    <br />
                    <span className="muted small">{auctionId}</span>
                  </td>
                  <td>
                    <Badge>{mode}</Badge>
                  </td>
                  <td className="number">{formatMoney(shownPriceMinor(auction), currency)}</td>
                  <td className="number">{bidCount}</td>
                  <td>{formatDate(endsAt)}</td>
                  <td>
                    {state !== 'closed' && (
                      <div className="actions">
                        <ConfirmButton
                          text="Close"
                          title={`Close “${title}” now?`}
                          act={() => close(auctionId)}
                          done="The auction is closed."
                        >
                          <p>It ends at once. Whoever leads wins, if the reserve is met.</p>
                        </ConfirmButton>
                        <AuctionActions auction={auction} />
                      </div>
                    )}
                  </td>
                </tr>
              )
            })}
          </Table>
        )}
      </ShownPages>
      {isOpening && (
        <OpenAuction
          item={item}
          onClose={() => {
            setOpening(false)
            setParams({}, { replace: true })
          }}
        />
      )}
    </View>
  )
}

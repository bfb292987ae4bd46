import type { Auction } from '@gavel/contracts/api/bidding.ts'
import { useState } from 'react'
import { call } from '../api/call.ts'
import { useRefresh } from '../api/query.ts'
import { ConfirmButton } from '../parts/confirm.tsx'
import { Field } from '../parts/field.tsx'
import { fromLocalInput, toLocalInput } from '../time.ts'

/** A later end, or none at all: each stands in the ledger, and bidders are told. */
export function AuctionActions({ auction: { auctionId, title, endsAt } }: { auction: Auction }) {
  const refresh = useRefresh()
  const [until, setUntil] = useState(() => toLocalInput(endsAt + 3_600_000))
  const [reason, setReason] = useState('')
  const extend = async (): Promise<void> => {
    const end = fromLocalInput(until)
    if (end === undefined) throw new Error('Say until when.')
    await call('extendAuction', { params: { auctionId }, body: { endsAt: end } })
    refresh('listAuctions')
  }
  const cancel = async (): Promise<void> => {
    if (reason.trim() === '') throw new Error('Say why: bidders are told.')
    await call('cancelAuction', { params: { auctionId }, body: { reason: reason.trim() } })
    refresh('listAuctions')
  }
  return (
    <>
      <ConfirmButton text="Extend" title={`Extend “${title}”?`} act={extend} done="The auction is extended.">
        <Field
          label="Until"
          type="datetime-local"
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
        />
      </ConfirmButton>
      <ConfirmButton text="Cancel" title={`Cancel “${title}”?`} act={cancel} done="The auction is cancelled.">
        <p>It ends without a sale. This cannot be taken back.</p>
        <Field label="Why" maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      </ConfirmButton>
    </>
  )
}

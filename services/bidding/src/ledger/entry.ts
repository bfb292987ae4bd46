import { hash, randomBytes } from 'node:crypto'
import type { Bid, Closing, Decision, Standing, Terms } from '../domain/auction.ts'
import { standingAtOpening } from '../domain/auction.ts'
import { cancel, close } from '../domain/decide.ts'
import type { SealedBids } from '../domain/sealed.ts'
import type { PublicBid, PublicEntry, Secrets } from './form.ts'
import type { Seal } from './seal.ts'
import { NO_HASH, publicBid, publicClosing, publicStanding, publicTerms } from './form.ts'

/** A ledger entry as MongoDB keeps it. `text` is what is hashed, byte for byte: nothing is ever serialised again to be verified. */
export interface LedgerDocument {
  _id: { auctionId: string; seq: number }
  hash: string
  /** Canonical JSON of {@link PublicEntry}. */
  text: string
  /** Canonical JSON of {@link Secrets}. */
  secrets: string
  /** `<userId>:<bidId>` for each bid, in order; unique in an auction. Absent where the entry holds no bids. */
  keys?: string[]
  leader: string | null
  outbid?: string[]
  /** Entry 0 alone: makes pseudonyms of user ids, and is never served. */
  bidderKey?: string
  /** Entry 0 of an auction of sealed bids: its key, wrapped. */
  sealedKey?: string
  /** The amounts of sealed bids, encrypted with the auction's key. */
  hidden?: string
  /** The admin whose act this entry is. Told by events, never served. */
  by?: string
  /** Beside what is hashed, like all of the following: where the entry's events belong. W3C trace context, as everywhere. */
  traceparent?: string
  /** Of the bids whose own events belong elsewhere, and of those whose trace is sampled. */
  bidTraces?: BidTrace[]
  /** Of the bid by which the leader leads, where its trace is sampled: the close links to it. */
  leaderTraceparent?: string
}

export interface BidTrace {
  /** Its place in the entry. */
  index: number
  traceparent: string
}

export interface Tail {
  sequence: number
  hash: string
  at: number
}

export interface Draft {
  document: LedgerDocument
  entry: PublicEntry
  secrets: Secrets
}

export const sha256 = (text: string): string => hash('sha256', text, 'hex')
export const keyOf = (userId: string, bidId: string): string => `${userId}:${bidId}`
export const userOfKey = (key: string): string => key.slice(0, key.indexOf(':'))

export type Pseudonyms = (userId: string) => string

/** Sixty-four bits: enough that two of a million bidders of one auction will not meet. */
export const pseudonymOf = (bidderKey: string, userId: string): string => sha256(`${bidderKey}:${userId}`).slice(0, 16)

export function draftOpening(
  terms: Terms,
  at: number,
  bidderKey: string,
  seal?: { keyHash: string; sealedKey: string }
): Draft {
  const standing = standingAtOpening(terms)
  const draft = finish(
    { sequence: -1, hash: NO_HASH, at },
    { terms: publicTerms(terms, sha256(bidderKey), seal?.keyHash) },
    { at, terms, standing, amountsMinor: [], leader: null }
  )
  draft.document.bidderKey = bidderKey
  if (seal) draft.document.sealedKey = seal.sealedKey
  return draft
}

export function draftBids(
  terms: Terms,
  tail: Tail,
  at: number,
  bids: readonly (Bid & { bidId: string })[],
  keys: string[],
  decision: Decision,
  pseudonyms: Pseudonyms,
  seal: Seal | null = null
): Draft {
  const { outcomes, standing, outbid } = decision
  const rows: PublicBid[] = []
  const amountsMinor: number[] = []
  for (let index = 0; index < bids.length; index += 1) {
    const bid = bids[index]
    const outcome = outcomes[index]
    if (!bid || !outcome) throw new Error('A decision must hold one outcome for each bid')
    amountsMinor.push(bid.amountMinor)
    const bidder = pseudonyms(bid.bidder)
    const commitment = seal?.commitmentTo(bid.amountMinor, { bidId: bid.bidId, bidder, quantity: bid.quantity })
    rows.push(publicBid(bid, bidder, outcome, standing.endsAt, commitment))
  }
  const leader = standing.leader === null ? null : pseudonyms(standing.leader)
  const draft = finish(tail, { bids: rows }, { at, terms, standing, amountsMinor: seal ? [] : amountsMinor, leader })
  draft.document.keys = keys
  if (seal) draft.document.hidden = seal.hide(draft.entry.sequence, amountsMinor)
  if (outbid.length > 0) draft.document.outbid = outbid
  return draft
}

export function draftClose(
  terms: Terms,
  tail: Tail,
  at: number,
  standing: Standing,
  pseudonyms: Pseudonyms,
  laidOpen?: { bids: SealedBids; key: string }
): Draft & { closing: Closing } {
  const closing = close(terms, standing, at, laidOpen?.bids)
  const winner = closing.winner === null ? null : pseudonyms(closing.winner)
  const shown = publicClosing(closing, winner, { sealKey: laidOpen?.key })
  const leader = closing.standing.leader === null ? null : pseudonyms(closing.standing.leader)
  const draft = finish(tail, { closing: shown }, { at, terms, standing: closing.standing, amountsMinor: [], leader })
  return { ...draft, closing }
}

export function draftCancel(
  terms: Terms,
  tail: Tail,
  at: number,
  standing: Standing,
  { reason, by }: { reason: string; by: string }
): Draft & { closing: Closing } {
  const closing = cancel(standing, at)
  const shown = publicClosing(closing, null, { reason })
  const ending = { at, terms, standing: closing.standing, amountsMinor: [], leader: null }
  const draft = finish(tail, { closing: shown }, ending)
  draft.document.by = by
  return { ...draft, closing }
}

export function draftExtension(
  terms: Terms,
  tail: Tail,
  at: number,
  extended: Standing,
  { leader, by }: { leader: string | null; by: string }
): Draft {
  const ending = { at, terms, standing: extended, amountsMinor: [], leader }
  const draft = finish(tail, { extension: { endsAt: extended.endsAt } }, ending)
  draft.document.by = by
  return draft
}

interface Ending {
  at: number
  terms: Terms
  standing: Standing
  amountsMinor: number[]
  leader: string | null
}

function finish(
  tail: Tail,
  body: Pick<PublicEntry, 'bids' | 'closing' | 'extension' | 'terms'>,
  { at, terms, standing, amountsMinor, leader }: Ending
): Draft {
  const secrets: Secrets = {
    amountsMinor,
    maximumMinor: standing.maximumMinor,
    reservePriceMinor: terms.reservePriceMinor,
    salt: randomBytes(16).toString('hex'),
    secondMinor: standing.secondMinor
  }
  const secretText = JSON.stringify(secrets)
  const sequence = tail.sequence + 1
  const entry: PublicEntry = {
    at,
    auctionId: terms.auctionId,
    ...(body.bids && { bids: body.bids }),
    ...(body.closing && { closing: body.closing }),
    commitment: sha256(secretText),
    ...(body.extension && { extension: body.extension }),
    prevHash: tail.hash,
    sequence,
    standing: publicStanding(terms, standing, leader),
    ...(body.terms && { terms: body.terms })
  }
  const text = JSON.stringify(entry)
  const document: LedgerDocument = {
    _id: { auctionId: terms.auctionId, seq: sequence },
    hash: sha256(text),
    text,
    secrets: secretText,
    leader: standing.leader
  }
  return { document, entry, secrets }
}

import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes } from 'node:crypto'
import { commitmentText, type PublicBid } from './form.ts'

/**
 * Sealed bids, see docs/adr/0013: what an open auction's ledger and database show of an amount is a commitment, and a
 * cipher text under a key that only this auction has. That key is kept wrapped with a key that no database holds.
 */

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
/** Every amount takes the same room, so that the length of a cipher text says nothing. */
const AMOUNT_BYTES = 8

const encrypt = (key: Buffer, plain: Buffer, place: string): string => {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(place))
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

function decrypt(key: Buffer, text: string, place: string): Buffer {
  const whole = Buffer.from(text, 'base64')
  const decipher = createDecipheriv(CIPHER, key, whole.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(place))
    .setAuthTag(whole.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(whole.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
}

export function bytesOfAmounts(amountsMinor: readonly number[]): Buffer {
  const bytes = Buffer.alloc(amountsMinor.length * AMOUNT_BYTES)
  amountsMinor.forEach((amountMinor, index) => bytes.writeBigUInt64BE(BigInt(amountMinor), index * AMOUNT_BYTES))
  return bytes
}

export const amountsFromBytes = (bytes: Buffer): number[] =>
  Array.from({ length: bytes.length / AMOUNT_BYTES }, (_, index) => Number(bytes.readBigUInt64BE(index * AMOUNT_BYTES)))

/** One auction's key, and what it does. */
export class Seal {
  readonly #auctionId: string
  readonly #key: Buffer

  constructor(auctionId: string, key: Buffer = randomBytes(32)) {
    this.#auctionId = auctionId
    this.#key = key
  }

  /** In the form in which the close lays it open, and whose hash the first entry holds. */
  get key(): string {
    return this.#key.toString('hex')
  }

  get keyHash(): string {
    return hash('sha256', this.key, 'hex')
  }

  /** Made of the key and the bid's ids, so that any process can make a receipt again. */
  nonceOf({ bidder, bidId }: Pick<PublicBid, 'bidder' | 'bidId'>): string {
    return createHmac('sha256', this.#key).update(`${bidder}:${bidId}`).digest('hex').slice(0, 32)
  }

  commitmentTo(amountMinor: number, bid: Pick<PublicBid, 'bidId' | 'bidder' | 'quantity'>): string {
    return hash('sha256', commitmentText(this.#auctionId, bid, { amountMinor, nonce: this.nonceOf(bid) }), 'hex')
  }

  /** The amounts of one entry, for the database. Bound to the entry's place. */
  hide(sequence: number, amountsMinor: readonly number[]): string {
    return encrypt(this.#key, bytesOfAmounts(amountsMinor), `${this.#auctionId}:${sequence}`)
  }

  show(sequence: number, hidden: string): number[] {
    return amountsFromBytes(decrypt(this.#key, hidden, `${this.#auctionId}:${sequence}`))
  }

  wrapped(wrap: (key: Buffer, place: string) => string): string {
    return wrap(this.#key, this.#auctionId)
  }
}

/** The platform's sealing keys: the first wraps, all of them unwrap, so that a new one can be put before an old one. */
export class SealingKeys {
  readonly #keys: readonly Buffer[]

  constructor(keys: readonly Buffer[]) {
    this.#keys = keys
  }

  wrap(seal: Seal): string {
    return seal.wrapped((key, place) => this.hide(place, key))
  }

  /** Throws where the key that wrapped it is none of ours. */
  unwrap(auctionId: string, wrapped: string): Seal {
    return new Seal(auctionId, this.show(auctionId, wrapped))
  }

  /** What lies in a database, bound to its place there. */
  hide(place: string, plain: Buffer): string {
    const first = this.#keys[0]
    if (!first) throw new Error('There is no sealing key')
    return `${nameOf(first)}:${encrypt(first, plain, place)}`
  }

  show(place: string, hidden: string): Buffer {
    const colon = hidden.indexOf(':')
    const key = this.#keys.find((one) => nameOf(one) === hidden.slice(0, colon))
    if (!key) throw new Error(`${place} is sealed with a key that SEALING_KEY does not hold`)
    return decrypt(key, hidden.slice(colon + 1), place)
  }
}

const nameOf = (key: Buffer): string => hash('sha256', key, 'hex').slice(0, 8)

/** `SEALING_KEY`: one or more keys of 32 bytes in base64, separated by commas. Throws a sentence that shows none of them. */
export function sealingKeysFrom(text: string): SealingKeys {
  const keys = text.split(',').map((one) => Buffer.from(one.trim(), 'base64'))
  if (keys.some((key) => key.length !== 32)) throw new Error('must be keys of 32 bytes in base64, separated by commas')
  return new SealingKeys(keys)
}

import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import PostalMime from 'postal-mime'

export interface Mail {
  id: string
  /** Equal for a mail that was delivered twice: `copies` counts them and one is shown. */
  messageId: string
  copies: number
  from: string
  to: string[]
  subject: string
  receivedAt: number
  text: string
  html: string
}

const envelopeHeader = 'X-Inbox-Recipients'

/** The newest mails: in memory, and as one file each where a directory is given. */
export class Mailbox {
  readonly #mails = new Map<string, Mail>()
  readonly #byMessageId = new Map<string, string>()
  readonly #mailsMax: number
  readonly #clock: () => number
  readonly #directory: string | undefined

  constructor(mailsMax: number, clock: () => number, directory?: string) {
    this.#mailsMax = mailsMax
    this.#clock = clock
    this.#directory = directory
  }

  /** Reads what is in the directory. File names begin with the time, so they sort by age. */
  async open(): Promise<void> {
    if (this.#directory === undefined) return
    await mkdir(this.#directory, { recursive: true })
    const names = (await readdir(this.#directory)).filter((name) => /^\d{15}-[0-9a-f-]{36}\.eml$/.test(name)).sort()
    for (const name of names) {
      const raw = await readFile(join(this.#directory, name))
      await this.#keep(raw, { id: name.slice(16, -4), receivedAt: Number(name.slice(0, 15)) })
    }
  }

  /** Resolves once the mail is on the disk. One that is known already is only counted. */
  async receive(raw: Buffer, recipients: string[]): Promise<Mail> {
    const { messageId } = await PostalMime.parse(raw)
    const known = this.#mails.get(this.#byMessageId.get(messageId ?? '') ?? '')
    if (known) {
      known.copies++
      return known
    }
    const place = { id: randomUUID(), receivedAt: this.#clock() }
    const whole = Buffer.concat([Buffer.from(`${envelopeHeader}: ${recipients.join(', ')}\r\n`), raw])
    const file = this.#fileOf(place)
    if (file !== undefined) await store(file, whole)
    return await this.#keep(whole, place)
  }

  #fileOf({ id, receivedAt }: { id: string; receivedAt: number }): string | undefined {
    return this.#directory && join(this.#directory, `${String(receivedAt).padStart(15, '0')}-${id}.eml`)
  }

  async #keep(raw: Buffer, place: { id: string; receivedAt: number }): Promise<Mail> {
    const parsed = await PostalMime.parse(raw)
    const messageId = parsed.messageId ?? `<${place.id}@unnamed>`
    const recipients = parsed.headers.find(({ key }) => key === envelopeHeader.toLowerCase())?.value ?? ''
    const mail: Mail = {
      ...place,
      messageId,
      copies: 1,
      from: parsed.from?.address ?? '',
      to: recipients.split(', ').filter((address) => address !== ''),
      subject: parsed.subject ?? '(no subject)',
      text: parsed.text ?? '',
      html: parsed.html ?? ''
    }
    this.#mails.set(mail.id, mail)
    this.#byMessageId.set(messageId, mail.id)
    if (this.#mails.size > this.#mailsMax) await this.#forget(this.#mails.values().next().value!)
    return mail
  }

  async #forget(mail: Mail): Promise<void> {
    this.#mails.delete(mail.id)
    this.#byMessageId.delete(mail.messageId)
    const file = this.#fileOf(mail)
    if (file !== undefined) await rm(file, { force: true })
  }

  get size(): number {
    return this.#mails.size
  }

  get(id: string): Mail | undefined {
    return this.#mails.get(id)
  }

  /** Newest first; only those to an address, where one is given. */
  list({ to, limit }: { to?: string | undefined; limit: number }): Mail[] {
    const wanted = to?.toLowerCase()
    return [...this.#mails.values()]
      .reverse()
      .filter((mail) => wanted === undefined || mail.to.some((address) => address.toLowerCase() === wanted))
      .slice(0, limit)
  }

  async clear(): Promise<void> {
    await Promise.all([...this.#mails.values()].map((mail) => this.#forget(mail)))
  }
}

async function store(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(bytes)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

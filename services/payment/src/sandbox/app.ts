import { timingSafeEqual } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Secret } from '@gavel/platform/config.ts'
import { passesLuhn } from '../domain/card.ts'
import type { Charge, SandboxLedger } from './ledger.ts'

/** How long a lost answer is withheld before its connection is cut: longer than any caller should wait. */
export const lostAnswerMs = 30_000

interface CardBody {
  number: string
  expiryMonth: number
  expiryYear: number
  code: string
}
interface ChargeBody {
  token: string
  amountMinor: number
  currency: string
}

const object = (properties: Record<string, object>) => ({
  type: 'object',
  required: Object.keys(properties),
  properties,
  additionalProperties: false
})
const cardSchema = object({
  number: { type: 'string', pattern: '^[0-9]{12,19}$' },
  expiryMonth: { type: 'integer', minimum: 1, maximum: 12 },
  expiryYear: { type: 'integer', minimum: 2000, maximum: 2100 },
  code: { type: 'string', pattern: '^[0-9]{3,4}$' }
})
const chargeSchema = object({
  token: { type: 'string', maxLength: 64 },
  amountMinor: { type: 'integer', minimum: 1 },
  currency: { type: 'string', pattern: '^[A-Z]{3}$' }
})
const refundSchema = object({ chargeId: { type: 'string', maxLength: 64 } })
const keySchema = object({ key: { type: 'string', minLength: 1, maxLength: 120 } })

/** Thrown for a failed request that the card's number asks for. */
class Misbehaviour extends Error {}

/** A provider of card payments for development: real HTTP, durable, and wrong in exactly the ways its card numbers say. */
export function buildSandbox({
  ledger,
  apiKey,
  signal
}: {
  ledger: SandboxLedger
  apiKey: Secret
  signal?: AbortSignal
}): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: 16 * 1024, requestTimeout: 10_000 })
  const expected = Buffer.from(`Bearer ${apiKey.reveal()}`)

  app.addHook('onRequest', async (request, reply) => {
    if (request.url === '/readyz') return
    const given = Buffer.from(request.headers.authorization ?? '')
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return reply.code(401).send({ code: 'api_key_invalid' })
  })
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof Misbehaviour) return reply.code(500).send({ code: 'provider_error' })
    const status = (error as { statusCode?: number }).statusCode ?? 500
    return reply.code(status).send({ code: status < 500 ? 'request_invalid' : 'provider_error' })
  })

  app.get('/readyz', async () => ({ ready: true }))

  app.post<{ Body: CardBody }>('/v1/cards', { schema: { body: cardSchema } }, async (request, reply) => {
    if (!passesLuhn(request.body.number)) return reply.code(422).send({ code: 'number_invalid' })
    const { token, brand, lastFour, behaviour } = await ledger.storeCard(keyOf(request), request.body.number)
    if (behaviour.capture === 'refuse-card') return reply.code(422).send({ code: behaviour.code })
    return reply.code(201).send({ token, brand, lastFour })
  })

  app.post<{ Body: ChargeBody }>('/v1/charges', { schema: { body: chargeSchema } }, async (request, reply) => {
    const key = keyOf(request)
    const { charge, loseAnswer } = await ledger.inTurn(key, () => capture(ledger, key, request.body, reply))
    if (loseAnswer) {
      await wait(lostAnswerMs, undefined, { signal: signal ?? new AbortController().signal, ref: false }).catch(
        () => undefined
      )
      request.raw.destroy()
      return reply.hijack()
    }
    if (!charge) return reply
    if (!isSameRequest(charge, request.body)) return reply.code(409).send({ code: 'key_reused' })
    return reply.code(charge.status === 'declined' ? 402 : 201).send(shown(charge))
  })

  app.get<{ Querystring: { key?: string } }>('/v1/charges', async (request, reply) => {
    if (request.query.key === undefined) return { charges: ledger.charges().map(shown) }
    const charge = ledger.charge(request.query.key)
    return charge ? shown(charge) : reply.code(404).send({ code: 'charge_unknown' })
  })

  app.post<{ Params: { key: string } }>('/v1/charges/:key/cancel', { schema: { params: keySchema } }, async (request) =>
    ledger.inTurn(request.params.key, async () => {
      const known = ledger.charge(request.params.key)
      const closed = { key: request.params.key, token: '', amountMinor: 0, currency: '', status: 'cancelled' as const }
      return shown(known ?? (await ledger.save(closed)))
    })
  )

  app.post<{ Body: { chargeId: string } }>(
    '/v1/refunds',
    { schema: { body: refundSchema } },
    async (request, reply) => {
      const known = ledger.chargeById(request.body.chargeId)
      if (!known) return reply.code(404).send({ code: 'charge_unknown' })
      const refundKey = keyOf(request)
      return ledger.inTurn(known.key, async () => {
        const charge = ledger.charge(known.key)!
        if (charge.status === 'refunded') return shown(charge)
        if (charge.status !== 'captured') return reply.code(409).send({ code: 'charge_not_captured' })
        const behaviour = ledger.card(charge.token)?.behaviour
        const failures = behaviour && 'refundFailures' in behaviour ? behaviour.refundFailures : 0
        if (ledger.timesAsked(refundKey) <= failures) throw new Misbehaviour()
        return shown(await ledger.save({ ...charge, status: 'refunded', refundId: refundKey }))
      })
    }
  )
  return app
}

async function capture(
  ledger: SandboxLedger,
  key: string,
  body: ChargeBody,
  reply: FastifyReply
): Promise<{ charge?: Charge; loseAnswer?: boolean }> {
  const known = ledger.charge(key)
  if (known) return { charge: known }
  const behaviour = ledger.card(body.token)?.behaviour
  if (!behaviour) {
    await reply.code(422).send({ code: 'token_unknown' })
    return {}
  }
  const captured = {
    key,
    token: body.token,
    amountMinor: body.amountMinor,
    currency: body.currency,
    status: 'captured' as const
  }
  const asked = ledger.timesAsked(key)
  switch (behaviour.capture) {
    case 'approve':
      return { charge: await ledger.save(captured) }
    case 'decline':
      return { charge: await ledger.save({ ...captured, status: 'declined', code: behaviour.code }) }
    case 'lose-answer':
      await ledger.save(captured)
      return { loseAnswer: true }
    case 'fail':
      if (asked <= behaviour.times) throw new Misbehaviour()
      return { charge: await ledger.save(captured) }
    case 'reset':
      if (asked > 1) return { charge: await ledger.save(captured) }
      reply.hijack()
      reply.raw.destroy()
      return {}
    case 'slow':
      await wait(behaviour.waitMs)
      return { charge: await ledger.save(captured) }
    case 'refuse-card':
      return { charge: await ledger.save({ ...captured, status: 'declined', code: behaviour.code }) }
  }
}

function keyOf(request: FastifyRequest): string {
  const key = request.headers['idempotency-key']
  if (typeof key === 'string' && key.length > 0 && key.length <= 120) return key
  throw Object.assign(new Error('An Idempotency-Key header is needed'), { statusCode: 400 })
}

/** A closed key matches any capture: it answers that it is closed. */
const isSameRequest = (charge: Charge, body: ChargeBody): boolean =>
  charge.status === 'cancelled' ||
  (charge.token === body.token && charge.amountMinor === body.amountMinor && charge.currency === body.currency)

const shown = ({ key, chargeId, status, code, amountMinor, currency }: Charge) => ({
  key,
  chargeId,
  status,
  amountMinor,
  currency,
  ...(code === undefined ? {} : { code })
})

import { fastify, type FastifyInstance, type FastifyReply } from 'fastify'
import type { Mail, Mailbox } from './mailbox.ts'
import { listPage, mailPage } from './page.ts'

const pagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'none'; frame-ancestors 'self'"
const mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
const listMax = 200

const html = (reply: FastifyReply, policy: string, body: string): FastifyReply =>
  reply
    .header('content-security-policy', policy)
    .header('x-content-type-options', 'nosniff')
    .type('text/html; charset=utf-8')
    .send(body)

/** The pages of the inbox, and the same as JSON for programs and tests. */
export function buildInbox(mailbox: Mailbox): FastifyInstance {
  const app = fastify({ logger: false, bodyLimit: 1_024, requestTimeout: 10_000 })
  const missing = (reply: FastifyReply): FastifyReply => reply.code(404).send({ code: 'NOT_FOUND' })

  app.get('/', (_request, reply) => reply.redirect('/inbox'))
  app.get('/readyz', async () => ({ status: 'ready' }))
  app.get('/inbox', (_request, reply) =>
    html(reply, pagePolicy, listPage(mailbox.list({ limit: listMax }), mailbox.size))
  )
  app.get<{ Params: { id: string } }>('/inbox/mails/:id', (request, reply) => {
    const mail = mailbox.get(request.params.id)
    return mail ? html(reply, pagePolicy, mailPage(mail)) : missing(reply)
  })
  app.get<{ Params: { id: string } }>('/inbox/mails/:id/html', (request, reply) => {
    const mail = mailbox.get(request.params.id)
    return mail ? html(reply, mailPolicy, mail.html) : missing(reply)
  })

  app.get<{ Querystring: { to?: string; limit?: number } }>(
    '/inbox/api/mails',
    {
      schema: {
        querystring: {
          type: 'object',
          properties: {
            to: { type: 'string', maxLength: 254 },
            limit: { type: 'integer', minimum: 1, maximum: listMax }
          },
          additionalProperties: false
        }
      }
    },
    async ({ query }): Promise<{ total: number; items: Mail[] }> => ({
      total: mailbox.size,
      items: mailbox.list({ to: query.to, limit: query.limit ?? listMax })
    })
  )
  app.get<{ Params: { id: string } }>('/inbox/api/mails/:id', (request, reply) => {
    const mail = mailbox.get(request.params.id)
    return mail ? reply.send(mail) : missing(reply)
  })
  app.delete('/inbox/api/mails', async (_request, reply) => {
    await mailbox.clear()
    return reply.code(204).send()
  })
  return app
}

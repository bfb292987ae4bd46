import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { serviceNamed } from '@gavel/contracts/services.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** A file with the hash of its content in its name: whoever has it never asks again. */
const forGood = 'public, max-age=31536000, immutable'
const hashed = /-[\w-]{8}\.\w+(\.br|\.gz)?$/
/** The page itself is asked for each time and sent only when it changed: a new version is seen at once. */
const askedAgain = 'no-cache'

/** The addresses of the single page, which the gateway routes here: each, and what is below it. */
const pagePaths = (serviceNamed('web').pages ?? []).filter((path) => path !== '/assets/' && path !== '/docs')

export function servePages(app: FastifyInstance, link: string): void {
  if (!existsSync(join(link, 'index.html')))
    throw new Error(`There are no built pages in ${link}. \`npm run pages\` builds them.`)
  // A later build moves the link and not the files of this one.
  const directory = realpathSync(link)
  void app.register(fastifyStatic, {
    root: join(directory, 'assets'),
    prefix: '/assets/',
    // A route for each file there is, so that everything else is plainly not there.
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => void reply.header('cache-control', hashed.test(path) ? forGood : askedAgain)
  })
  const answer = async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    await reply
      .header('cache-control', askedAgain)
      .header('vary', 'accept-encoding')
      .sendFile('index.html', directory, { cacheControl: false })
  for (const path of pagePaths) {
    app.get(path, answer)
    if (path !== '/') app.get(`${path}/*`, answer)
  }
}

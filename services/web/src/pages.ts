import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import { listAuctions } from '@gavel/contracts/api/bidding.ts'
import { serviceNamed } from '@gavel/contracts/services.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { firstListing } from './page/auctions/first-listing.ts'

/** A file with the hash of its content in its name: whoever has it never asks again. */
const forGood = 'public, max-age=31536000, immutable'
const hashed = /-[\w-]{8}\.\w+(\.br|\.gz)?$/
/** The page itself is asked for each time and sent only when it changed: a new version is seen at once. */
const askedAgain = 'no-cache'

/** The addresses of the single page, which the gateway routes here: each, and what is below it. */
const pagePaths = (serviceNamed('web').pages ?? []).filter((path) => path !== '/assets/' && path !== '/docs')

/** The first page's first question, said with the page: a browser asks it while the script is still on its way. */
const listing = new URLSearchParams(
  Object.entries(firstListing).map(([name, value]): [string, string] => [name, String(value)])
)
const askAhead = `<${listAuctions.path}?${listing.toString()}>; rel=preload; as=fetch; crossorigin`

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
  const answerFirst = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    await answer(request, request.url === '/' ? reply.header('link', askAhead) : reply)
  for (const path of pagePaths) {
    app.get(path, path === '/' ? answerFirst : answer)
    if (path !== '/') app.get(`${path}/*`, answer)
  }
}

import type { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Upload } from '@gavel/contracts/define.ts'
import { Refusal } from '../errors.ts'

/** Bodies of an upload's types are left where they are, for the handler to read; every other one is refused with 415. */
export function takeUploads(scope: FastifyInstance, { types }: Upload): FastifyInstance {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser([...types], (_request, body, done) => done(null, body))
  return scope
}

export interface UploadedBody {
  /** One of the operation's types, without parameters. */
  type: string
  /** The bytes as they arrive. Read slowly, the sender is slowed down. Throws a Refusal where they become too many. */
  chunks: AsyncIterable<Buffer>
  /** Reads on to the end, or to the bound, and keeps nothing: a sender that is still sending does not hear an answer. */
  drain: () => Promise<void>
}

export function uploadedBody(request: FastifyRequest, { types, bytesMax }: Upload): UploadedBody {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()
  if (!types.includes(type)) throw new Refusal('UNSUPPORTED_MEDIA_TYPE', { detail: `Send ${types.join(' or ')}` })
  const tooLarge = (): Refusal => new Refusal('BODY_TOO_LARGE', { limit: bytesMax })
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge()
  const body = request.body as Readable
  let bytes = 0
  async function* counted(): AsyncGenerator<Buffer> {
    // What is left in the stream when its reader stops early is read by `drain`.
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bytesMax) throw tooLarge()
      yield chunk
    }
  }
  return {
    type,
    chunks: counted(),
    drain: async () => {
      if (body.destroyed || body.readableEnded) return
      for await (const _chunk of counted());
    }
  }
}

import { Readable } from 'node:stream'
import type { streamStatistics } from '@gavel/contracts/api/statistics.ts'
import type { Handler } from '@gavel/platform/http/server.ts'
import type { Pool } from 'pg'
import { statisticsSource } from '../statistics-source.ts'
import type { HeadWatch } from '../store/head-watch.ts'
import { readFreshness } from '../store/read-statistics.ts'
import type { Streams } from '../streams.ts'
import { placeInStream, streamHeaders as headers } from './place-in-stream.ts'

export const createStreamStatistics =
  ({ pool, watch, streams }: { pool: Pool; watch: HeadWatch; streams: Streams }): Handler<typeof streamStatistics> =>
  async ({ query, request, user, log, now }) => {
    const { from, ...filter } = query
    const place = placeInStream(request.headers['last-event-id']) ?? from ?? (await readFreshness(pool)).position
    // HEAD asks for the headers; a stream behind it would be read by nobody.
    if (request.method === 'HEAD') return { status: 200, body: Readable.from([]), headers }
    const stream = await streams.open(place, statisticsSource(pool, watch, filter), {
      expiresInMs: user.expiresAt - now,
      log
    })
    return { status: 200, body: stream, headers }
  }

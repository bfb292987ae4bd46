import { createHash } from 'node:crypto'
import { IMPORT_ROWS_MAX, type Import } from '@gavel/contracts/api/catalog.ts'
import { Refusal } from '@gavel/platform/errors.ts'
import type { UploadedBody } from '@gavel/platform/http/upload.ts'
import type { Pool } from '@gavel/platform/postgres/pool.ts'
import { readDigest, readImport } from '../store/imports/read-imports.ts'
import {
  acceptUpload,
  beginUpload,
  breakOff,
  forget,
  stageRows,
  type NewImport,
  type StagedRow,
  type Upload
} from '../store/imports/receive.ts'
import { readFile } from './read-file.ts'

/** Rows stored in one transaction, and held in memory at most. */
const STAGED_AT_ONCE = 500

/** Stores a file row by row while it arrives, and lets it go once it is whole. The same file under the same id is received once. */
export async function receiveFile(
  { pool, clock }: { pool: Pool; clock: () => number },
  wanted: NewImport,
  body: UploadedBody
): Promise<Import> {
  const upload = await beginUpload(pool, wanted, clock())
  if (!upload) return await compare(pool, wanted.importId, body)
  const hash = createHash('sha256')
  try {
    await stage(pool, clock, upload, readFile(body.type, hashed(body.chunks, hash)))
    return await acceptUpload(pool, upload, hash.digest(), clock())
  } catch (error) {
    if (error instanceof Refusal) await forget(pool, upload)
    else await breakOff(pool, upload, clock())
    throw error
  }
}

async function* hashed(
  chunks: AsyncIterable<Buffer>,
  hash: { update: (chunk: Buffer) => unknown }
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    hash.update(chunk)
    yield chunk
  }
}

async function stage(pool: Pool, clock: () => number, upload: Upload, rows: AsyncIterable<StagedRow>): Promise<void> {
  let batch: StagedRow[] = []
  let count = 0
  for await (const row of rows) {
    count += 1
    if (count > IMPORT_ROWS_MAX) throw new Refusal('IMPORT_TOO_MANY_ROWS', { limit: IMPORT_ROWS_MAX })
    batch.push(row)
    if (batch.length < STAGED_AT_ONCE) continue
    await stageRows(pool, upload, batch, clock())
    batch = []
  }
  await stageRows(pool, upload, batch, clock())
}

/** A file under an id that is taken: the same one is answered as it stands. */
async function compare(pool: Pool, importId: string, { chunks }: UploadedBody): Promise<Import> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  const [digest, known] = [await readDigest(pool, importId), await readImport(pool, importId)]
  if (!known || !digest?.equals(hash.digest())) throw new Refusal('IMPORT_ID_REUSED', { importId })
  return known
}

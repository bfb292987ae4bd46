import { Type, type Static } from 'typebox'
import { defineOperation } from '../define.ts'
import { ImportLineNumber } from '../events/commands.ts'
import { importTypes, importUpload } from '../import-limits.ts'
import { Count, Id, Line, page, PageQuery, TimestampMs } from '../primitives.ts'
import { AVAILABLE_PIECES_MAX } from './inventory.ts'
import { productTexts, productTitle } from './product-fields.ts'

/** Items and stock from a file, row by row, with a report on every row. */

export * from '../import-limits.ts'

/**
 * One row: a line of NDJSON, or of CSV with these names as columns, where an empty cell says nothing. The members are those of the
 * operations `addProduct`, `changeProduct`, `removeProduct`, `setStock` (`available`) and `adjustStock` (`delta`), and their rules hold.
 */
export const ImportLine = Type.Object(
  {
    /** `put`, where none is named: added where the product is not there, changed where it is. */
    action: Type.Optional(
      Type.Union([Type.Literal('put'), Type.Literal('add'), Type.Literal('change'), Type.Literal('remove')])
    ),
    /** Made for a new item that has none. */
    productId: Type.Optional(Id),
    title: Type.Optional(productTitle),
    ...productTexts,
    available: Type.Optional(Type.Integer({ minimum: 0, maximum: AVAILABLE_PIECES_MAX })),
    delta: Type.Optional(Type.Integer({ minimum: -AVAILABLE_PIECES_MAX, maximum: AVAILABLE_PIECES_MAX })),
    location: Type.Optional(Id),
    reason: Type.Optional(Line(200))
  },
  { additionalProperties: false }
)
export type ImportLine = Static<typeof ImportLine>

/** `receiving`: the file arrives; `running`; `done`: every row has its end; `broken-off`: the file never came whole, and nothing of it was done. */
export const ImportState = Type.Union([
  Type.Literal('receiving'),
  Type.Literal('running'),
  Type.Literal('done'),
  Type.Literal('broken-off')
])

export const Import = Type.Object(
  {
    importId: Id,
    state: ImportState,
    fileName: Type.Optional(Line(200)),
    type: Type.Union(importTypes.map((type) => Type.Literal(type))),
    rows: Count,
    waiting: Count,
    done: Count,
    refused: Count,
    startedBy: Id,
    startedAt: TimestampMs,
    /** The last progress. */
    changedAt: TimestampMs,
    endedAt: Type.Optional(TimestampMs)
  },
  { additionalProperties: false }
)
export type Import = Static<typeof Import>

export const ImportRowState = Type.Union([Type.Literal('waiting'), Type.Literal('done'), Type.Literal('refused')])
export type ImportRowState = Static<typeof ImportRowState>

export const ImportRow = Type.Object(
  {
    line: ImportLineNumber,
    state: ImportRowState,
    productId: Type.Optional(Id),
    /** What became of the item, where the row speaks of it and it had its turn. */
    item: Type.Optional(
      Type.Union([
        Type.Literal('added'),
        Type.Literal('changed'),
        Type.Literal('unchanged'),
        Type.Literal('removed'),
        Type.Literal('refused')
      ])
    ),
    /** The stock of a row comes after its item, and only where that was not refused. */
    stock: Type.Optional(Type.Union([Type.Literal('applied'), Type.Literal('unchanged'), Type.Literal('refused')])),
    /** Of the problem that the operation would have answered. */
    code: Type.Optional(Type.String({ maxLength: 40 })),
    detail: Type.Optional(Type.String({ maxLength: 300 }))
  },
  { additionalProperties: false }
)
export type ImportRow = Static<typeof ImportRow>

const ImportParams = Type.Object({ importId: Id }, { additionalProperties: false })

export const importItems = defineOperation({
  id: 'importItems',
  method: 'PUT',
  path: '/api/imports/:importId',
  role: 'admin',
  summary:
    'Takes a file of items and stock and carries its rows out. Answered once every row is stored; a file that does not come whole changes nothing. Sent again under the same id it is done once.',
  params: ImportParams,
  query: Type.Object({ fileName: Type.Optional(Line(200)) }, { additionalProperties: false }),
  upload: importUpload,
  responses: { 202: Import },
  errors: ['IMPORT_ID_REUSED', 'IMPORT_SUPERSEDED', 'IMPORT_HEADER_INVALID', 'IMPORT_EMPTY', 'IMPORT_TOO_MANY_ROWS']
})

export const listImports = defineOperation({
  id: 'listImports',
  method: 'GET',
  path: '/api/imports',
  role: 'admin',
  summary: 'The imports, newest first.',
  query: Type.Object(PageQuery, { additionalProperties: false }),
  responses: { 200: page(Import) },
  errors: []
})

export const readImport = defineOperation({
  id: 'readImport',
  method: 'GET',
  path: '/api/imports/:importId',
  role: 'admin',
  summary: 'How far an import has come.',
  params: ImportParams,
  responses: { 200: Import },
  errors: ['IMPORT_NOT_FOUND']
})

export const listImportRows = defineOperation({
  id: 'listImportRows',
  method: 'GET',
  path: '/api/imports/:importId/rows',
  role: 'admin',
  summary: 'What became of each row, in the order of the file.',
  params: ImportParams,
  query: Type.Object({ ...PageQuery, state: Type.Optional(ImportRowState) }, { additionalProperties: false }),
  responses: { 200: page(ImportRow) },
  errors: ['IMPORT_NOT_FOUND']
})

export const downloadImportReport = defineOperation({
  id: 'downloadImportReport',
  method: 'GET',
  path: '/api/imports/:importId/report',
  role: 'admin',
  summary: 'What became of each row, as a table.',
  params: ImportParams,
  query: Type.Object({ state: Type.Optional(ImportRowState) }, { additionalProperties: false }),
  answers: 'text/csv',
  responses: { 200: null },
  errors: ['IMPORT_NOT_FOUND']
})

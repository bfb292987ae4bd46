/** What a file of items and stock may be. No schema is here, so that a page can hold a file against it without one. */

export const importTypes = ['text/csv', 'application/x-ndjson'] as const
export const importUpload = { types: importTypes, bytesMax: 32 * 1024 * 1024 }
export const IMPORT_ROWS_MAX = 100_000
/** In letters. A longer row is refused, and the next one read. */
export const IMPORT_ROW_LENGTH_MAX = 64 * 1024

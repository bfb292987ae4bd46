declare module 'virtual:operations' {
  /** Method, path, and whether it may be repeated, by operation id. */
  const table: Record<string, readonly [method: string, path: string, idempotent: boolean]>
  export default table
}

/** Something the person at the keyboard can put right: printed as its sentence alone, without a stack. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure'
}

/** What to print for anything thrown while starting: a sentence for a known failure, the stack for a bug. */
export function describeFailure(error: unknown): string {
  if (error instanceof StartFailure) return error.message
  if (error instanceof AggregateError) return error.errors.map(describeFailure).join('\n')
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

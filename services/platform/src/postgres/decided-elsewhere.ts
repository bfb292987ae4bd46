import { Fault } from '../errors.ts'

/**
 * Another transaction decided first about something that could not be locked, because it did not exist yet. The code is PostgreSQL's
 * for «run the same transaction again», which is what helps: the second time it exists.
 */
export const decidedElsewhere = (message: string): Fault => Object.assign(new Fault(message), { code: '40001' })

/** RFC 5321's path, without its brackets. */
export const emailLengthMax = 254

/** The one form of an e-mail address that is stored, looked up and counted: `Ada@Example.org ` and `ada@example.org` are one account. */
export const normaliseEmail = (email: string): string => email.trim().toLowerCase()

/**
 * The marks of a synthetic sale, made to prove that a bid still becomes an order. Its product and its auction have ids that start with
 * `canary-`, and so has its order number, which is derived from the auction's id; its currency is ISO 4217's code for tests, which no
 * amount of real money has. Whoever counts or sums sales leaves these out by any one of the marks.
 */
export const canaryPrefix = 'canary-'
export const canaryCurrency = 'XTS'

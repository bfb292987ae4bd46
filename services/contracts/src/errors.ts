/**
 * Everything the platform may refuse with. One row a code: the HTTP status and the title of its problem document
 * (RFC 9457, `type` = `https://gavel.dev/problems/<code>`). A code is never reused for another meaning.
 */
export const errors = {
  // Shared by every operation.
  INVALID_INPUT: { status: 400, title: 'The request does not have the form this operation takes' },
  MALFORMED_JSON: { status: 400, title: 'The body is not valid JSON' },
  UNAUTHENTICATED: { status: 401, title: 'A valid access token is needed' },
  FORBIDDEN: { status: 403, title: 'Your role may not do this' },
  NOT_FOUND: { status: 404, title: 'There is nothing at this address' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'This address does not take this method' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request took too long to arrive' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is larger than this operation takes' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is not of a type that this operation takes' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are larger than the platform takes' },
  RATE_LIMITED: { status: 429, title: 'Too many requests: wait and try again' },
  INTERNAL: { status: 500, title: 'Something is wrong on our side' },
  UNAVAILABLE: { status: 503, title: 'A part this needs is not available: try again' },
  ANSWER_TIMEOUT: { status: 504, title: 'The answer took too long: ask whether it was done before you repeat it' },

  // identity
  EMAIL_TAKEN: { status: 409, title: 'An account with this e-mail address exists' },
  PASSWORD_TOO_WEAK: { status: 422, title: 'The password is too short or too common' },
  CREDENTIALS_WRONG: { status: 401, title: 'The e-mail address or the password is wrong' },
  ACCOUNT_LOCKED: { status: 429, title: 'Too many failed attempts: this account is locked for a while' },
  REFRESH_TOKEN_INVALID: { status: 401, title: 'The refresh token is unknown, expired or revoked' },
  REFRESH_TOKEN_REUSED: {
    status: 401,
    title: 'The refresh token was used before: every session of this sign-in is ended'
  },

  ACCOUNT_DISABLED: { status: 403, title: 'This account is locked by an administrator' },
  MAILED_TOKEN_INVALID: { status: 422, title: 'The link is unknown, was used before or has expired' },
  SESSION_NOT_FOUND: { status: 404, title: 'There is no such sign-in' },
  USER_NOT_FOUND: { status: 404, title: 'There is no such account' },
  ADMIN_NOT_ERASED: { status: 409, title: 'An admin’s account is made a bidder’s before it is erased' },
  OWN_ACCOUNT: { status: 409, title: 'Nobody does this to their own account' },

  // catalog and inventory
  PRODUCT_NOT_FOUND: { status: 404, title: 'There is no such product' },
  PRODUCT_EXISTS: { status: 409, title: 'A product with this id exists' },
  PRODUCT_REMOVED: { status: 410, title: 'This product was removed' },
  STOCK_NOT_FOUND: { status: 404, title: 'No stock is kept for this product' },
  STOCK_INSUFFICIENT: { status: 409, title: 'There is not enough stock for this' },
  STOCK_LIMIT: { status: 409, title: 'More pieces than one location may hold' },
  STOCK_LOCATIONS_LIMIT: { status: 409, title: 'More locations than one product may have' },
  ADJUSTMENT_ID_REUSED: { status: 409, title: 'This adjustment id was used with other figures' },
  COMMAND_ID_REUSED: { status: 409, title: 'This command id was used with other figures' },
  TRANSFER_ID_REUSED: { status: 409, title: 'This transfer id was used with other figures' },
  TRANSFER_TO_ITSELF: { status: 422, title: 'A transfer needs two different locations' },
  SOLD_OUT: { status: 409, title: 'Sold out' },
  IMPORT_NOT_FOUND: { status: 404, title: 'There is no such import' },
  IMPORT_ID_REUSED: { status: 409, title: 'This import id was used with another file' },
  IMPORT_SUPERSEDED: { status: 409, title: 'A newer upload of this import has begun' },
  IMPORT_HEADER_INVALID: { status: 422, title: 'The first line does not name columns that an import knows' },
  IMPORT_EMPTY: { status: 422, title: 'The file has no rows' },
  IMPORT_TOO_MANY_ROWS: { status: 422, title: 'The file has more rows than one import takes' },
  REBUILD_RUNNING: { status: 409, title: 'The search is being built anew already' },

  // bidding
  AUCTION_NOT_FOUND: { status: 404, title: 'There is no such auction' },
  AUCTION_EXISTS: { status: 409, title: 'An auction with this id exists with other terms' },
  AUCTION_NOT_OPEN: { status: 409, title: 'The auction is not open yet' },
  AUCTION_CLOSED: { status: 409, title: 'The auction is closed' },
  AUCTION_WINDOW_INVALID: { status: 422, title: 'The auction must end after it starts, and not in the past' },
  AUCTION_CANCELLED: { status: 409, title: 'The auction was cancelled' },
  AUCTION_END_NOT_LATER: { status: 422, title: 'The new end must be later than the present one' },
  BUY_NOW_INVALID: {
    status: 422,
    title: 'A buy-now price belongs to an English auction, above its opening price and not below its reserve'
  },
  SEALED_BIDS_UNAVAILABLE: { status: 422, title: 'This platform has no sealing key, so it takes no sealed bids' },
  WATCHES_LIMIT: { status: 409, title: 'You watch as many auctions as one may' },
  CREDIT_LIMIT_EXCEEDED: { status: 409, title: 'With what your other bids hold, this is more than your credit limit' },
  INCREMENTS_INVALID: { status: 422, title: 'The increment table must rise and start at zero' },
  BID_TOO_LOW: { status: 409, title: 'The bid is below the price to beat' },
  BID_NOT_RAISED: { status: 409, title: 'You lead already: a new maximum must be higher than yours' },
  BID_ID_REUSED: { status: 409, title: 'This bid id was used with another amount' },
  BID_NOT_FOUND: { status: 404, title: 'There is no such bid' },
  CURRENCY_MISMATCH: { status: 422, title: 'The auction is held in another currency' },
  QUANTITY_NOT_AVAILABLE: { status: 409, title: 'Fewer pieces are left than you asked for' },
  QUANTITY_LIMIT: { status: 422, title: 'More pieces than one buyer may take' },
  OFFER_NOT_FOUND: { status: 404, title: 'There is no such offer' },
  OFFER_EXPIRED: { status: 409, title: 'The offer has expired' },

  // payment
  PAYMENT_METHOD_MISSING: { status: 404, title: 'No payment method is stored' },
  CARD_INVALID: { status: 422, title: 'The card number, expiry or code is not valid' },
  PAYMENT_NOT_FOUND: { status: 404, title: 'There is no such payment' },

  // order
  ORDER_NOT_FOUND: { status: 404, title: 'There is no such order' },
  SALE_NOT_FOUND: { status: 404, title: 'There is no such sale' },

  // notification
  NOTIFICATION_NOT_FOUND: { status: 404, title: 'There is no such notification' },
  STREAM_UNKNOWN: { status: 404, title: 'There is no such stream' },

  // eventlog
  EVENT_NOT_FOUND: { status: 404, title: 'There is no such event' },
  HISTORY_TOO_LONG: { status: 422, title: 'There are more events than one history is folded from' },

  GROUP_NOT_FOUND: { status: 404, title: 'There is no such consumer group' },

  // dead letters
  DEAD_LETTER_NOT_FOUND: { status: 404, title: 'There is no such dead letter' }
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof errors

/** Refusals every operation may answer with, whatever else it lists. */
export const sharedErrors = [
  'INVALID_INPUT',
  'MALFORMED_JSON',
  'NOT_FOUND',
  'REQUEST_TIMEOUT',
  'BODY_TOO_LARGE',
  'UNSUPPORTED_MEDIA_TYPE',
  'RATE_LIMITED',
  'INTERNAL',
  'UNAVAILABLE'
] as const satisfies readonly ErrorCode[]

/** Why a sale ended without an order (`BidFailed.reason`). */
export const failureReasons = [
  'SOLD_OUT',
  'STOCK_NOT_FOUND',
  'PAYMENT_DECLINED',
  'PAYMENT_METHOD_MISSING',
  'TIMED_OUT'
] as const
export type FailureReason = (typeof failureReasons)[number]

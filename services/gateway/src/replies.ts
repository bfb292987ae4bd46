import { errors, type ErrorCode } from '@gavel/contracts/errors.ts'
import type { Message } from './options.ts'
import { typed } from './options.ts'

/** The problem document of a code, as every service answers it (RFC 9457). */
export const problemDocument = (code: ErrorCode): Message => ({
  type: `https://gavel.dev/problems/${code}`,
  title: errors[code].title,
  status: errors[code].status,
  code
})

const whenStatus = (status: number): Message => ({
  status_code_filter: {
    comparison: { op: 'EQ', value: { default_value: status, runtime_key: `gavel.status.${status}` } }
  }
})

const whenAll = (...filters: Message[]): Message => ({ and_filter: { filters } })

const whenDetails = (start: string): Message => ({
  extension_filter: {
    name: 'envoy.access_loggers.extension_filters.cel',
    typed_config: typed('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', {
      expression: `response.code_details.startsWith('${start}')`
    })
  }
})

const answerWith = (filter: Message, code: ErrorCode, headers: readonly Message[] = []): Message => ({
  filter,
  status_code: errors[code].status,
  body_format_override: { content_type: 'application/problem+json', json_format: problemDocument(code) },
  ...(headers.length > 0 && { headers_to_add: headers })
})

export const header = (key: string, value: string, action = 'OVERWRITE_IF_EXISTS_OR_ADD'): Message => ({
  header: { key, value },
  append_action: action
})

const challenge = header('www-authenticate', 'Bearer realm="gavel", error="invalid_token"')

/**
 * Envoy’s own answers as problem documents. The first mapper that fits is used.
 * Envoy says 403 to a token of another audience; to us that is a token that is not valid here. It says 401 when it could
 * not fetch the keys; that is our fault and worth another try.
 */
export function localReplies(): Message {
  return {
    mappers: [
      answerWith(
        whenAll(whenStatus(401), whenDetails('jwt_authn_access_denied{Jwks_remote_fetch_is_failed')),
        'UNAVAILABLE',
        [header('retry-after', '1')]
      ),
      answerWith(whenStatus(401), 'UNAUTHENTICATED', [challenge]),
      answerWith(whenAll(whenStatus(403), whenDetails('jwt_authn_access_denied')), 'UNAUTHENTICATED', [challenge]),
      answerWith(whenStatus(403), 'FORBIDDEN'),
      answerWith(whenStatus(400), 'INVALID_INPUT'),
      answerWith(whenStatus(404), 'NOT_FOUND'),
      answerWith(whenStatus(405), 'METHOD_NOT_ALLOWED'),
      answerWith(whenStatus(408), 'REQUEST_TIMEOUT'),
      answerWith(whenStatus(413), 'BODY_TOO_LARGE'),
      answerWith(whenStatus(426), 'INVALID_INPUT'),
      answerWith(whenStatus(429), 'RATE_LIMITED'),
      answerWith(whenStatus(431), 'HEADERS_TOO_LARGE'),
      answerWith(whenStatus(500), 'INTERNAL'),
      answerWith(whenStatus(502), 'UNAVAILABLE', [header('retry-after', '1')]),
      answerWith(whenStatus(503), 'UNAVAILABLE', [header('retry-after', '1')]),
      answerWith(whenStatus(504), 'ANSWER_TIMEOUT')
    ]
  }
}

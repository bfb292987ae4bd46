import type { Operation } from '@gavel/contracts/define.ts'
import type { Message, Settings } from './options.ts'
import { duration, typed } from './options.ts'

/** No connection came about, or the service refused the stream: it has seen nothing, so any method may be tried again. */
const neverArrived = ['connect-failure', 'refused-stream']

const otherHost: Message = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typed_config: typed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate')
}

/** GET changes nothing; an operation that says so is idempotent by an id that the client chose. */
export const mayRepeat = (operation: Operation): boolean => operation.method === 'GET' || operation.idempotent === true

/** 503 is a fault that another process may not have, unless it is what the operation was asked for. */
const answersUnavailable = (operation: Operation): boolean => 503 in operation.responses

export function retries({ limits }: Settings, operation: Operation): Message {
  const common = {
    num_retries: 2,
    retry_back_off: { base_interval: '0.05s', max_interval: '0.5s' },
    retry_host_predicate: [otherHost],
    host_selection_retry_max_attempts: '10'
  }
  if (!mayRepeat(operation)) return { ...common, retry_on: neverArrived.join(',') }
  const reasons = [...neverArrived, 'reset', ...(answersUnavailable(operation) ? [] : ['retriable-status-codes'])]
  return {
    ...common,
    retry_on: reasons.join(','),
    ...(!answersUnavailable(operation) && { retriable_status_codes: [503] }),
    per_try_timeout: duration(limits.tryTimeoutMs)
  }
}

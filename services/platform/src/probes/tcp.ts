import { connect } from 'node:net'

/** What one TCP probe found: a connection, or why there is none. */
export type TcpProbe = { connected: true } | { connected: false; error: string }

/** Opens a connection and closes it, within a bound, and never throws. */
export function probeTcp(
  host: string,
  port: number,
  options: { timeoutMs: number; signal?: AbortSignal }
): Promise<TcpProbe> {
  const { timeoutMs, signal } = options
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const finish = (found: TcpProbe): void => {
      signal?.removeEventListener('abort', abort)
      socket.destroy()
      resolve(found)
    }
    const abort = (): void => finish({ connected: false, error: 'the probe was ended' })
    // A name that resolves to several addresses fails with one error that holds the others.
    const nameOf = (error: NodeJS.ErrnoException): string => String(error.code ?? error.message).slice(0, 120)
    socket.once('connect', () => finish({ connected: true }))
    socket.once('error', (error) => finish({ connected: false, error: nameOf(error) }))
    socket.once('timeout', () => finish({ connected: false, error: `no connection within ${timeoutMs} ms` }))
    if (signal?.aborted) abort()
    else signal?.addEventListener('abort', abort, { once: true })
  })
}

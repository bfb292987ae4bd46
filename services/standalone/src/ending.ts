export type Ending = {
  /** Why, once this process has been told to end. */
  told(): string | undefined
  wait(): Promise<string>
}

/**
 * Notes when this process is told to end: Ctrl-C, SIGTERM, a closed terminal, or the launcher that started it gone
 * (its channel closes even when it was killed with kill -9). Told again, it does not end faster: the stop has its bound.
 */
export function watchForEnding(): Ending {
  const { promise, resolve } = Promise.withResolvers<string>()
  let why: string | undefined
  const tell = (reason: string): void => {
    why ??= reason
    resolve(why)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => tell(signal))
  if (process.connected) {
    process.once('disconnect', () => tell('the launcher ended'))
    process.channel?.unref()
  }
  const wait = async (): Promise<string> => {
    // Keeps the event loop alive until told, however little else is going on.
    const hold = setInterval(() => undefined, 2 ** 30)
    try {
      return await promise
    } finally {
      clearInterval(hold)
    }
  }
  return { told: () => why, wait }
}

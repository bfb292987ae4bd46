/**
 * Settles when this process is told to end: Ctrl-C, SIGTERM, a closed terminal, or the launcher that started it gone
 * (its channel closes even when it was killed with kill -9).
 */
export function untilTold(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
    if (process.connected) {
      process.once('disconnect', () => resolve('the launcher ended'))
      process.channel?.unref()
    }
    // Keeps the event loop alive until told, however little else is going on.
    const hold = setInterval(() => undefined, 1 << 30)
    process.once('exit', () => clearInterval(hold))
  })
}

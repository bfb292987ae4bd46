/** `3 d 4 h`, `2:05:09`, `4:07`, `0:09`. */
export function formatTimeLeft(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000))
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor(seconds / 3600) % 24
  const minutes = Math.floor(seconds / 60) % 60
  const two = (number: number): string => String(number).padStart(2, '0')
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`
  return `${minutes}:${two(seconds % 60)}`
}

/** In words, for whoever hears it: `2 minutes`. */
export function spokenDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [amount, unit] =
    seconds >= 172_800
      ? [Math.round(seconds / 86_400), 'day']
      : seconds >= 7_200
        ? [Math.round(seconds / 3600), 'hour']
        : seconds >= 120
          ? [Math.round(seconds / 60), 'minute']
          : [seconds, 'second']
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

/** Made when it is first used: making one takes milliseconds, and the first page formats no date. */
function formatter(options: Intl.DateTimeFormatOptions): (time: number) => string {
  let format: Intl.DateTimeFormat | undefined
  return (time) => (format ??= new Intl.DateTimeFormat(undefined, options)).format(time)
}

export const formatDate = formatter({ dateStyle: 'medium', timeStyle: 'short' })
export const formatClock = formatter({ hour: '2-digit', minute: '2-digit', second: '2-digit' })
export const formatPrecise = formatter({ dateStyle: 'short', timeStyle: 'medium' })

/** `12 ms`, `3.4 s`, `5 min`. */
export function formatSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} days`
}

/** For `<input type="datetime-local">`, in the reader’s own time zone. */
export function toLocalInput(time: number): string {
  const date = new Date(time)
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
export const fromLocalInput = (text: string): number | undefined => {
  const time = new Date(text).getTime()
  return Number.isNaN(time) ? undefined : time
}

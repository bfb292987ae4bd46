import { watch, type FSWatcher } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

export interface WatchedFileOptions {
  /** Looked at so often, whatever the file system tells of itself: over some mounts it tells nothing. */
  pollMs: number
  /** What is known of it already. */
  text?: string
  /** Called with what the file holds now, once for each time that it holds something else. */
  onText: (text: string) => void
  /** Called once when what was there cannot be read any more, until it can be again. */
  onMissing?: (error: unknown) => void
}

/**
 * Follows a file by its content. Kubernetes mounts a ConfigMap or Secret as links into a folder that it swaps whole, so it is the folder
 * that tells of a change, and the name that is read again.
 */
export function watchFile(path: string, options: WatchedFileOptions): { stop: () => void } {
  let known = options.text
  let isMissing = false
  let reading: Promise<void> | undefined
  let readAgain = false

  const read = async (): Promise<void> => {
    try {
      const text = await readFile(path, 'utf8')
      isMissing = false
      if (text === known) return
      known = text
      options.onText(text)
    } catch (error) {
      if (!isMissing && known !== undefined) options.onMissing?.(error)
      isMissing = true
    }
  }
  const look = (): void => {
    if (reading) {
      readAgain = true
      return
    }
    reading = read().finally(() => {
      reading = undefined
      if (!readAgain) return
      readAgain = false
      look()
    })
  }

  let watcher: FSWatcher | undefined
  try {
    watcher = watch(dirname(path), { persistent: false }, look)
    watcher.on('error', () => watcher?.close())
  } catch {
    // There is no such folder yet, or no watching here: the timer finds it.
  }
  const timer = setInterval(look, options.pollMs)
  timer.unref()
  look()
  return {
    stop: () => {
      clearInterval(timer)
      watcher?.close()
    }
  }
}

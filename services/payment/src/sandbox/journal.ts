import { open, readFile, truncate, type FileHandle } from 'node:fs/promises'

/**
 * An append-only file of JSON lines. `append` resolves once its line is on the disk; lines that come while a write is under way
 * go out together in the next one, so many callers share one fdatasync.
 */
export class Journal<Entry> {
  readonly #file: FileHandle
  #waiting: { line: string; resolve: () => void; reject: (error: unknown) => void }[] = []
  #writing: Promise<void> | undefined

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Opens the file and returns what it holds. A last line that was cut off by a crash was never acknowledged: it is removed. */
  static async open<Entry>(path: string): Promise<{ journal: Journal<Entry>; entries: Entry[] }> {
    const file = await open(path, 'a')
    const text = await readFile(path, 'utf8')
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole))
    const entries = whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry)
    return { journal: new Journal<Entry>(file), entries }
  }

  append(entry: Entry): Promise<void> {
    const written = new Promise<void>((resolve, reject) =>
      this.#waiting.push({ line: `${JSON.stringify(entry)}\n`, resolve, reject })
    )
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined))
    return written
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        await this.#file.appendFile(batch.map(({ line }) => line).join(''))
        await this.#file.datasync()
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
  }
}

/**
 * Turns many single asks into few batched ones: the first ask waits a moment for others, a full batch goes at once. Asks beyond the queue's
 * limit are refused, so that a burst of any size costs back-off in the work queue and never memory without end.
 */
export class Batcher<Ask, Answer> {
  readonly #act: (asks: readonly Ask[]) => Promise<readonly Answer[]>
  readonly #lingerMs: number
  readonly #batchMax: number
  readonly #waitingMax: number
  #waiting: { ask: Ask; resolve: (answer: Answer) => void; reject: (fault: unknown) => void }[] = []
  #timer: NodeJS.Timeout | undefined
  #running = 0

  constructor(
    act: (asks: readonly Ask[]) => Promise<readonly Answer[]>,
    options: { lingerMs?: number; batchMax?: number; waitingMax?: number } = {}
  ) {
    this.#act = act
    this.#lingerMs = options.lingerMs ?? 20
    this.#batchMax = options.batchMax ?? 200
    this.#waitingMax = options.waitingMax ?? 10_000
  }

  ask(ask: Ask): Promise<Answer> {
    if (this.#waiting.length >= this.#waitingMax)
      return Promise.reject(new Error(`More than ${this.#waitingMax} requests to Kafka are waiting`))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ask, resolve, reject })
      if (this.#waiting.length >= this.#batchMax) this.#flush()
      else this.#timer ??= setTimeout(() => this.#flush(), this.#lingerMs)
    })
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    // One batch at a time: while it is under way the next one fills, which is what makes batches large exactly when there is much to do.
    if (this.#running > 0 || this.#waiting.length === 0) return
    const batch = this.#waiting.splice(0, this.#batchMax)
    this.#running++
    void this.#act(batch.map(({ ask }) => ask))
      .then(
        (answers) => batch.forEach(({ resolve }, index) => resolve(answers[index] as Answer)),
        (fault: unknown) => batch.forEach(({ reject }) => reject(fault))
      )
      .finally(() => {
        this.#running--
        this.#flush()
      })
  }
}

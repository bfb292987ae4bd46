/** Where progress is written: a terminal's line is drawn over, anything else gets a line now and then. */
export type Screen = { isTTY?: boolean; columns?: number; write(text: string): unknown }

export type Step = { advance(count?: number): void; done(remark?: string): void }
export type Progress = { step(title: string, total: number): Step; say(line: string): void }

const barCharacters = 30
const redrawMs = 100
const quietLineMs = 5_000

export function drawBar(title: string, done: number, total: number, columns = 80): string {
  const share = total === 0 ? 1 : Math.min(done / total, 1)
  const filled = Math.round(share * barCharacters)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(barCharacters - filled)}`
  const line = `${title.padEnd(22)} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${done}/${total}`
  return line.slice(0, columns - 1)
}

/** `clock` in milliseconds. */
export function createProgress(screen: Screen, clock: () => number): Progress {
  let drawn = false
  const clear = (): void => {
    if (drawn) screen.write('\r\u001B[2K')
    drawn = false
  }
  const say = (line: string): void => {
    clear()
    screen.write(`${line}\n`)
  }
  return {
    say,
    step(title, total) {
      const began = clock()
      let done = 0
      let lastMs = screen.isTTY ? Number.NEGATIVE_INFINITY : began
      const show = (): void => {
        const now = clock()
        if (now - lastMs < (screen.isTTY ? redrawMs : quietLineMs)) return
        lastMs = now
        if (!screen.isTTY) return say(`${title}: ${done} of ${total}`)
        screen.write(`\r\u001B[2K${drawBar(title, done, total, screen.columns || 80)}`)
        drawn = true
      }
      show()
      return {
        advance(count = 1) {
          done += count
          show()
        },
        done(remark) {
          const seconds = ((clock() - began) / 1000).toFixed(1)
          say(`${title}: ${done} of ${total} in ${seconds} s${remark ? `, ${remark}` : ''}`)
        }
      }
    }
  }
}

/** A step of the story did not happen: what was expected, and what was seen instead. */
export class NotObserved extends Error {
  override readonly name = 'NotObserved'
}

/** Tells the story. Every `saw` is something the platform really answered. */
export type Narrator = {
  chapter(title: string): void
  tell(text: string): void
  saw(text: string): void
}

export function createNarrator(write: (line: string) => void): Narrator {
  let chapters = 0
  return {
    chapter(title) {
      chapters += 1
      write(`\n${chapters}. ${title}`)
    },
    tell: (text) => write(`   ${text}`),
    saw: (text) => write(`   ✓ ${text}`)
  }
}

/** Ends the story where the claim is not so; `seen` is shown. */
export function expectThat(claim: string, holds: boolean, seen?: unknown): asserts holds {
  if (!holds)
    throw new NotObserved(`${claim}, but it is not so${seen === undefined ? '' : `: ${JSON.stringify(seen)}`}`)
}

export const money = (minor: number, currency = 'USD'): string => `${(minor / 100).toFixed(2)} ${currency}`

import { inspect } from 'node:util'
import { rememberSecret } from './known-secrets.ts'

/** A value that no log, no error and no JSON shows. Open it with `reveal()` where it is used, each time: it may have been rotated. */
export class Secret {
  #value: string
  readonly #listeners = new Set<(value: string) => void>()

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  is(value: string): boolean {
    return this.#value === value
  }

  rotate(value: string): void {
    rememberSecret(value)
    this.#value = value
    for (const listener of this.#listeners) listener(value)
  }

  onRotated(listener: (value: string) => void): void {
    this.#listeners.add(listener)
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}

import { writeFileSync } from 'node:fs'
import { describeFailure } from '@gavel/standalone/failure.ts'
import type { Measured, Scale } from './benchmark.ts'
import { benchmarks } from './benchmarks.ts'

/** One benchmark as a process of its own, so that it can be ended when it hangs and leaves nothing to the next: NAME SCALE FILE. */
const [name, scale, file] = process.argv.slice(2) as [string, string, string]
const benchmark = benchmarks.find((each) => each.name === name)
if (!benchmark) throw new Error(`There is no benchmark ${name}`)

export type Outcome = { measured: Measured } | { failure: string }

const say = (line: string): void => console.log(`  ${line}`)
let outcome: Outcome
try {
  outcome = { measured: await benchmark.run(JSON.parse(scale) as Scale, say) }
} catch (error) {
  outcome = { failure: describeFailure(error) }
}
writeFileSync(file, JSON.stringify(outcome))
process.exit()

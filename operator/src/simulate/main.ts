import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { resultOf } from '../controllers/scaler/explain.ts'
import { gavelPolicy, hpaLikePolicy, kedaLikePolicy } from './contenders.ts'
import { simulate } from './model.ts'
import { readRecording } from './recording.ts'
import { svgOf } from './svg.ts'
import { tableOf } from './table.ts'

const usage = `Replays a recording against the Scaler's policy and two others.

  npm run scaler:simulate -- RECORDING [--svg FILE] [--explain]

RECORDING   a file as in operator/recordings/
--svg FILE  draws arrivals, replicas, lag and cost
--explain   prints each change of the Scaler with its reason`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { svg: { type: 'string' }, explain: { type: 'boolean' }, help: { type: 'boolean' } }
})
const [file] = positionals
if (values.help || file === undefined) {
  console.log(usage)
  process.exitCode = values.help ? 0 : 2
} else {
  const recording = readRecording(file)
  const reasons: string[] = []
  const gavel = gavelPolicy(recording, (decision) => {
    if (decision.to !== decision.from) reasons.push(`${clock(decision.at)}  ${resultOf(decision)}`)
  })
  const outcomes = [gavel, kedaLikePolicy(recording), hpaLikePolicy(recording)].map((policy) =>
    simulate(recording, policy)
  )
  console.log(`${recording.name}: ${recording.about}\nFigures: ${recording.source}\n\n${tableOf(outcomes)}`)
  if (values.explain) console.log(`\n${reasons.join('\n')}`)
  if (values.svg !== undefined) {
    writeFileSync(values.svg, svgOf(recording, outcomes))
    console.log(`\nDrawn: ${values.svg}`)
  }
}

function clock(ms: number): string {
  const seconds = Math.round(ms / 1000)
  return `${String(Math.floor(seconds / 60)).padStart(3)}:${String(seconds % 60).padStart(2, '0')}`
}

import { readFileSync } from 'node:fs'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { ScalerSpec } from '../controllers/scaler/types.ts'

const Stretch = Type.Object({ fromSecond: Type.Number(), toSecond: Type.Number() })

/** What happened, as far as scaling is concerned: it can be replayed against any policy. See operator/recordings/README.md. */
export const Recording = Type.Object({
  name: Type.String(),
  about: Type.String(),
  /** Where the figures come from: measured, or made to show something. */
  source: Type.String(),
  stepSeconds: Type.Number({ minimum: 1 }),
  /** Messages a second that came in, one figure a step. */
  arrivalsPerSecond: Type.Array(Type.Number({ minimum: 0 }), { minItems: 2, maxItems: 100_000 }),
  partitions: Type.Integer({ minimum: 1, maximum: 1000 }),
  /** Share of the arrivals by partition; even when absent. */
  partitionWeights: Type.Optional(Type.Array(Type.Number({ minimum: 0 }))),
  /** Messages a second that one replica gets done. */
  drainPerReplica: Type.Number({ minimum: 0.001 }),
  /** From asking for a replica until it consumes. */
  startSeconds: Type.Number({ minimum: 0 }),
  /** How long nobody consumes after the number of consumers changed. */
  rebalanceSeconds: Type.Number({ minimum: 0 }),
  replicasAtStart: Type.Integer({ minimum: 0 }),
  auctionsEndAtSeconds: Type.Optional(Type.Array(Type.Number())),
  /** Partitions that do not move for a while, whatever the number of replicas. */
  stalled: Type.Optional(
    Type.Array(Type.Object({ partition: Type.Integer(), fromSecond: Type.Number(), toSecond: Type.Number() }))
  ),
  /** When offsets could not be read. */
  unreadable: Type.Optional(Type.Array(Stretch)),
  /** The Scaler to try, as in a resource, with one kafkaLag signal; the rivals take their limits from it. */
  scaler: ScalerSpec
})
export type Recording = Static<typeof Recording>

export function readRecording(file: string): Recording {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (Value.Check(Recording, value)) return value
  const [first] = Value.Errors(Recording, value)
  throw new Error(
    `${file} is no recording: ${first ? `${first.instancePath || '/'} ${first.message}` : 'it has another shape'}`
  )
}

export const within = (stretches: readonly Static<typeof Stretch>[] | undefined, second: number): boolean =>
  (stretches ?? []).some(({ fromSecond, toSecond }) => second >= fromSecond && second < toSecond)

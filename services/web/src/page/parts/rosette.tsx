import { memo } from 'react'

/**
 * The plate of a lot: an engine-turned rosette as on old bonds, drawn from the item's id alone, so that each has a face of its own and
 * keeps it. No picture is stored anywhere.
 */
function seeded(text: string): () => number {
  let state = 2_166_136_261
  for (const letter of text) state = Math.imul(state ^ letter.charCodeAt(0), 16_777_619)
  return () => {
    state = Math.imul(state ^ (state >>> 15), 2_246_822_519)
    state = Math.imul(state ^ (state >>> 13), 3_266_489_917)
    state ^= state >>> 16
    return (state >>> 0) / 4_294_967_296
  }
}

export function rosettePaths(seed: string): string[] {
  const next = seeded(seed)
  const petals = 5 + Math.floor(next() * 8)
  const depth = 0.1 + next() * 0.14
  const second = 2 + Math.floor(next() * 3)
  const twist = (next() - 0.5) * 0.5
  const rings = 12
  return Array.from({ length: rings }, (_, ring) => {
    const radius = 47 - ring * 3.1
    const phase = ring * twist
    const steps = petals * 24
    const points = Array.from({ length: steps }, (_unused, step) => {
      const angle = (step / steps) * 2 * Math.PI
      const wave = Math.sin(angle * petals + phase) * depth + Math.cos(angle * petals * second) * depth * 0.22
      const distance = radius * (1 - depth + wave)
      return `${(50 + distance * Math.cos(angle)).toFixed(1)} ${(50 + distance * Math.sin(angle)).toFixed(1)}`
    })
    return `M${points.join('L')}Z`
  })
}

export const hueOf = (text: string): number => Math.floor(seeded(text)() * 360)

type RosetteProps = { seed: string; hueFrom?: string | undefined }

/** Some thousand points: drawn once for an item, however often what stands around it changes. */
export const Rosette = memo(function Rosette({ seed, hueFrom = seed }: RosetteProps) {
  return (
    <svg
      className="rosette"
      viewBox="0 0 100 100"
      aria-hidden="true"
      ref={(node) => node?.style.setProperty('--hue', String(hueOf(hueFrom)))}
    >
      {rosettePaths(seed).map((path) => (
        <path key={path.slice(0, 24)} d={path} />
      ))}
    </svg>
  )
})

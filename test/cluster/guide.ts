import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository } from '@gavel/standalone/config.ts'

/** The blocks of commands under a heading of a guide in `docs/`, each as it stands there. */
export function commandsUnder(guide: string, heading: string): string[] {
  const sections = readFileSync(join(repository, 'docs', guide), 'utf8').split(/^(?=## )/m)
  const section = sections.find((text) => text.startsWith(`## ${heading}\n`))
  if (section === undefined) throw new Error(`docs/${guide} has no heading "${heading}"`)
  return [...section.matchAll(/^```sh\n([\s\S]+?)^```$/gm)].map(([, block = '']) => block)
}

/** What the notes of a release give to be run: every line that is set in by three blanks. */
export const commandsOfNotes = (notes: string): string =>
  notes
    .split('\n')
    .filter((line) => line.startsWith('   '))
    .join('\n')

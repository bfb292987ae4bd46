import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { dashboards } from './dashboards/index.ts'
import { grafanaJson } from './grafana.ts'
import { alertsPage, ruleGroups } from './rules.ts'

/** Writes the chart's dashboards and rules and the page of the alerts. `--check` writes nothing and fails where a file is stale. */

const repository = join(import.meta.dirname, '../..')
const folder = 'charts/gavel/dashboards'
const files = new Map<string, string>([
  ...dashboards.map((dashboard): [string, string] => [
    `${folder}/${dashboard.name}.json`,
    `${JSON.stringify(grafanaJson(dashboard), null, 2)}\n`
  ]),
  [
    'charts/gavel/rules/gavel.yaml',
    `# Written by \`npm run generate\` from charts/observability. Do not edit.\n${stringify(ruleGroups(), { lineWidth: 0, aliasDuplicateObjects: false })}`
  ],
  ['docs/alerts.md', alertsPage()]
])

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(join(repository, file), 'utf8')
  } catch {
    return undefined
  }
}

mkdirSync(join(repository, folder), { recursive: true })
const orphans = readdirSync(join(repository, folder))
  .filter((name) => name.endsWith('.json') && !files.has(`${folder}/${name}`))
  .map((name) => `${folder}/${name}`)
const stale = [...files].filter(([file, text]) => textOf(file) !== text)
if (process.argv.includes('--check')) {
  for (const file of [...stale.map(([name]) => name), ...orphans])
    console.error(`${file} is stale: run npm run generate`)
  if (stale.length + orphans.length > 0) process.exitCode = 1
} else {
  for (const file of orphans) rmSync(join(repository, file))
  for (const [file, text] of stale) {
    mkdirSync(join(repository, file, '..'), { recursive: true })
    writeFileSync(join(repository, file), text)
    console.log(`written: ${file}`)
  }
}

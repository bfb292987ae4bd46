// `npm ci` refuses a lock file that leaves out a package another system would need, and npm itself leaves one out when
// the registry does not have it yet. So each optional dependency that is named must be locked too.
import { readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'))
const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies)
    .filter((name) => !packages[`${path}/node_modules/${name}`] && !packages[`node_modules/${name}`])
    .map((name) => `${path.replace('node_modules/', '')} names ${name}, which package-lock.json lacks`)
)
for (const line of missing) console.error(line)
process.exitCode = missing.length > 0 ? 1 : 0

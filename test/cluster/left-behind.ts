import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a cluster that has ended has left on this machine, in words: nothing, if all is well. */
export function leftBehind(name: string, directory: string): string[] {
  const links = readdirSync('/sys/class/net').filter((link) => new RegExp(`^${name}(-br|\\d+)$`).test(link))
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(`${directory}/`))
  const group = `/${name}-cluster`
  const groups = readdirSync('/sys/fs/cgroup').filter((one) => existsSync(join('/sys/fs/cgroup', one, group)))
  const processes = readdirSync('/proc').filter(
    (id) =>
      /^\d+$/.test(id) && (read(id, 'cmdline').includes(`${directory}/`) || read(id, 'cgroup').includes(`${group}/`))
  )
  return [
    ...links.map((link) => `link ${link}`),
    ...mounts.map((mount) => `mount ${mount}`),
    ...groups.map((hierarchy) => `cgroup ${hierarchy}${group}`),
    ...processes.map((id) => `process ${id} ${read(id, 'cmdline').replaceAll('\0', ' ')}`),
    ...(existsSync(directory) ? [`folder ${directory}`] : [])
  ]
}

function read(id: string, file: string): string {
  try {
    return readFileSync(join('/proc', id, file), 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}

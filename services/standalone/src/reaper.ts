import { type ChildProcess, spawn } from 'node:child_process'

/**
 * A shell of about one megabyte that outlives this process by a few seconds. It reads the process groups we start from
 * a pipe; the kernel closes that pipe however we end, kill -9 included, and then it ends what is left of them.
 * A parent-death signal would do the same on Linux alone, and not across a change of user.
 */
const script = `
trap '' HUP INT TERM
groups=''
while read -r verb group signal; do
  case $verb in
    add) groups="$groups $group:$signal" ;;
    remove) kept=''; for each in $groups; do [ "\${each%%:*}" = "$group" ] || kept="$kept $each"; done; groups=$kept ;;
  esac
done
for each in $groups; do kill -s "\${each##*:}" -- "-\${each%%:*}"; done
left=100
while [ "$left" -gt 0 ]; do
  alive=''
  for each in $groups; do kill -s 0 -- "-\${each%%:*}" && alive=yes; done
  [ -n "$alive" ] || exit 0
  sleep 0.1
  left=$((left - 1))
done
for each in $groups; do kill -s KILL -- "-\${each%%:*}"; done
`

let reaper: ChildProcess | undefined

function tell(line: string): void {
  if (!reaper || reaper.exitCode !== null) {
    reaper = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    reaper.unref()
    reaper.stdin?.on('error', () => undefined)
    // A pipe to a child keeps the event loop alive unless it is told not to.
    ;(reaper.stdin as { unref?: () => void } | null)?.unref?.()
  }
  reaper.stdin?.write(`${line}\n`)
}

/** From now on the process group dies when this process does, asked first with the signal given. */
export function reapWithMe(processGroup: number, signal: NodeJS.Signals): void {
  tell(`add ${processGroup} ${signal.replace(/^SIG/, '')}`)
}

export function forget(processGroup: number): void {
  tell(`remove ${processGroup}`)
}

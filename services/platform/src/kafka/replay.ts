/**
 * A record that is sent again for one consumer group carries these headers. All other groups pass over it. The group that it is for does so too,
 * unless it says that replays do it no harm: what it does may leave the platform, and must not leave it twice.
 */
const GROUP = 'replay_group'
const ID = 'replay_id'

export const replayMarks = (group: string, replayId: string): Record<string, string> => ({
  [GROUP]: group,
  [ID]: replayId
})

interface Marked {
  headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>
}

function text({ headers }: Marked, name: string): string | undefined {
  const value = headers?.[name]
  return (Array.isArray(value) ? value[0] : value)?.toString()
}

/** The group that a record is sent again for; undefined where it comes for the first time, for everyone. */
export const replayGroupOf = (marked: Marked): string | undefined => text(marked, GROUP)

/** Where things are kept: what is downloaded, what is stored, what is logged. */
export type Directories = { cache: string; data: string; logs: string }

export type BackendOptions = {
  directories: Directories
  port: number
  /** False trades durability for speed, for tests whose data nobody will miss. */
  durable?: boolean
  progress?: (line: string) => void
}

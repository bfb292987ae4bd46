import { delimiter } from 'node:path'

/** The environment as this process was given it: the one place here, beside config.ts, that reads it. */
export const inherited = (): NodeJS.ProcessEnv => ({ ...process.env })

export const pathDirectories = (): string[] => (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)

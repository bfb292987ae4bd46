import { fileURLToPath } from 'node:url'

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

export const pageSource = folder('../page/')
/** Made from the sources by every command that needs it; never committed. */
export const builtPages = folder('../../dist/')

/** The platform behind the development server. */
export const devTarget = `http://127.0.0.1:${process.env['GAVEL_PORT'] ?? '8080'}`

import { buildPages } from './build.ts'

/** `npm run pages`: also what an image's build runs, so that the image holds built pages and no tools. */
// Vite takes `test` from the environment of a test, and would then build what is meant for developers.
process.env['NODE_ENV'] = 'production'
if (!(await buildPages((line) => console.log(line)))) console.log('the pages are up to date')

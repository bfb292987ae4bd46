import { expect, test } from 'vitest'
import { eventually } from './eventually.ts'

test('the first true answer is returned, however many false ones and failures came before', async () => {
  const answers = [() => false, () => Promise.reject(new Error('not yet')), () => 'done']
  expect(await eventually(() => answers.shift()?.(), { everyMs: 1 })).toBe('done')
})

test('a condition that never comes names itself and the last failure', async () => {
  const never = eventually(() => Promise.reject(new Error('still closed')), {
    withinMs: 20,
    everyMs: 5,
    what: 'the door'
  })
  await expect(never).rejects.toMatchObject({
    message: expect.stringContaining('the door'),
    cause: new Error('still closed')
  })
})

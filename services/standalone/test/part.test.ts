import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startChild } from '../src/child.ts'
import { createPart, type Part } from '../src/part.ts'

function aPart(options: { restart: boolean; script?: string }): { part: Part; said: string[]; launched: number[] } {
  const said: string[] = []
  const launched: number[] = []
  const logFile = join(mkdtempSync(join(tmpdir(), 'gavel-part-')), 'part.log')
  const launch = async () => {
    const child = startChild({ name: 'part', command: '/bin/sh', args: ['-c', options.script ?? 'sleep 60'], logFile })
    launched.push(child.pid)
    return child
  }
  const part = createPart({ title: 'The part', launch, restart: options.restart, say: (line) => said.push(line) })
  onTestFinished(() => part.stop())
  return { part, said, launched }
}

test('a part that dies by itself comes back, and it is said', async () => {
  const { part, said, launched } = aPart({ restart: true })
  await part.start()
  process.kill(part.pid()!, 'SIGKILL')
  await expect.poll(() => launched.length).toBe(2)
  await expect.poll(() => said.join(' ')).toContain('ended by SIGKILL')
  await expect.poll(() => said.join(' ')).toContain('up again')
})

test('a part that is killed on purpose stays down until it is started', async () => {
  const { part, launched } = aPart({ restart: true })
  await part.start()
  await part.kill('SIGKILL')
  expect(part.pid()).toBeUndefined()
  await part.start()
  expect(launched).toHaveLength(2)
  expect(part.pid()).toBe(launched[1])
})

test('starting a part twice at once starts one process', async () => {
  const { part, launched } = aPart({ restart: false })
  await Promise.all([part.start(), part.start()])
  expect(launched).toHaveLength(1)
})

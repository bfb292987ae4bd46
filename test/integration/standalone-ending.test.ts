import { afterEach, expect, test } from 'vitest'
import { type Command, type CommandOptions, freePortBase, isAlive, startCommand } from '../support/command.ts'
import { eventually } from '../support/eventually.ts'
import { platformHome, removeHome } from '../support/platform.ts'

const ended: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

async function aRunningPlatform(
  options: Partial<CommandOptions> = {}
): Promise<{ command: Command; processes: number[] }> {
  const home = platformHome()
  const command = startCommand({ home, portBase: await freePortBase(), ...options })
  ended.push(async () => {
    command.signal('SIGTERM')
    await command.exited
    await removeHome(home)
  })
  await command.says('Gavel is ready')
  const processes = command.descendants()
  // Kafka, MongoDB, PostgreSQL, Redis, Envoy, the services and the one that starts them.
  expect(processes.length).toBeGreaterThan(8)
  return { command, processes }
}

async function alive(processes: number[]): Promise<number[]> {
  await eventually(() => !processes.some(isAlive), { withinMs: 60_000 }).catch(() => undefined)
  return processes.filter(isAlive)
}

test('Ctrl-C ends everything in good order and leaves no process', async () => {
  const { command, processes } = await aRunningPlatform()
  command.signal('SIGINT')
  expect(await command.exited).toBe(0)
  expect(processes.filter(isAlive)).toEqual([])
})

test('kill -9 of the process that started everything leaves no process', async () => {
  const { command, processes } = await aRunningPlatform()
  const [main] = processes
  process.kill(main!, 'SIGKILL')
  await command.exited
  expect(await alive(processes)).toEqual([])
})

test('kill -9 of the launcher leaves no process', async () => {
  const { command, processes } = await aRunningPlatform()
  command.signal('SIGKILL')
  expect(await alive(processes)).toEqual([])
})

test('Ctrl-C in the middle of the start leaves no process', async () => {
  const home = platformHome()
  const command = startCommand({ home, portBase: await freePortBase() })
  ended.push(() => removeHome(home))
  await command.says('Redis is ready')
  const processes = command.descendants()
  command.signal('SIGINT')
  expect(await command.exited).not.toBe(0)
  expect(await alive(processes)).toEqual([])
})

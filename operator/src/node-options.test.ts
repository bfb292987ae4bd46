import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { operatorNodeOptions } from './node-options.ts'

test('the chart bounds the operator’s memory as the bench does', () => {
  const template = readFileSync(join(import.meta.dirname, '../../charts/gavel/templates/operator.yaml'), 'utf8')
  expect(template).toContain(`{ name: NODE_OPTIONS, value: ${operatorNodeOptions} }`)
})

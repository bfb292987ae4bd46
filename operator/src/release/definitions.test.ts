import { describe, expect, test } from 'vitest'
import { lostVersions } from './definitions.ts'

const definition = (versions: string[], storedVersions?: string[]) => ({
  metadata: { name: 'platforms.gavel.dev' },
  spec: { versions: versions.map((name) => ({ name })) },
  ...(storedVersions ? { status: { storedVersions } } : {})
})

describe('a definition that is to be replaced', () => {
  test('loses nothing when the new one has every version in which something is stored', () => {
    expect(lostVersions(definition(['v1alpha1'], ['v1alpha1']), definition(['v1alpha1', 'v1']))).toEqual([])
  })

  test('loses the versions that the new one no longer has', () => {
    expect(lostVersions(definition(['v1alpha1', 'v1'], ['v1alpha1', 'v1']), definition(['v1']))).toEqual(['v1alpha1'])
  })

  test('loses nothing when there is none yet', () => {
    expect(lostVersions(undefined, definition(['v1']))).toEqual([])
  })
})

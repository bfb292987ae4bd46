import { defineConfig } from 'vitest/config'

/**
 * Six suites by what they stand on: `unit` is pure; `integration` runs one service on real backends; `operator` stands on a real API server;
 * `e2e` and `resilience` run the whole platform as processes, `cluster` in pods, one file at a time because they share two cores.
 */
const real = {
  testTimeout: 120_000,
  hookTimeout: 240_000,
  fileParallelism: false,
  globalSetup: ['test/support/global-setup.ts']
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // A bound against hanging, and no measure of speed: a busy machine makes a property of seconds out of one of half a second.
          testTimeout: 60_000,
          include: [
            'services/*/src/**/*.test.ts',
            'operator/src/**/*.test.ts',
            'test/tidy.test.ts',
            'test/support/**/*.test.ts',
            'test/load/**/*.test.ts',
            'scripts/**/*.test.ts'
          ]
        }
      },
      {
        test: {
          name: 'integration',
          include: ['services/*/test/**/*.test.ts', 'test/integration/**/*.test.ts'],
          ...real
        }
      },
      {
        test: {
          name: 'operator',
          include: ['operator/test/**/*.test.ts'],
          ...real,
          globalSetup: [...real.globalSetup, 'operator/test/global-setup.ts']
        }
      },
      // One platform for all journeys; a resilience test kills things, so it starts a platform of its own.
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          ...real,
          globalSetup: ['test/support/platform-setup.ts']
        }
      },
      {
        test: {
          name: 'resilience',
          include: ['test/resilience/**/*.test.ts'],
          ...real,
          testTimeout: 300_000,
          globalSetup: []
        }
      },
      // A Kubernetes of its own, with a kubelet: it needs root, containerd and a few minutes.
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts'],
          ...real,
          testTimeout: 1_200_000,
          globalSetup: []
        }
      }
    ]
  }
})

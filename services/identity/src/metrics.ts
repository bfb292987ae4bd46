import { counter, gauge, histogram } from '@gavel/platform/metrics.ts'
import type { ServiceContext } from '@gavel/platform/service.ts'

export type Metrics = ReturnType<typeof createMetrics>

export const createMetrics = ({ metrics }: Pick<ServiceContext, 'metrics'>) => ({
  registrations: counter(metrics, { name: 'identity_registrations_total', help: 'Accounts made.' }),
  logIns: counter<'outcome'>(metrics, {
    name: 'identity_log_ins_total',
    help: 'Attempts to sign in, by how they ended: ok, wrong, locked, address-locked, disabled.',
    labelNames: ['outcome']
  }),
  refreshes: counter<'outcome'>(metrics, {
    name: 'identity_refreshes_total',
    help: 'Refresh tokens presented, by how it ended: ok, invalid, reused.',
    labelNames: ['outcome']
  }),
  hashSeconds: histogram(metrics, {
    name: 'identity_password_hash_seconds',
    help: 'One Argon2id computation, without waiting.'
  }),
  hashesWaiting: gauge(metrics, {
    name: 'identity_password_hashes_waiting',
    help: 'Argon2id computations that wait for a turn.'
  }),
  signingKeyAgeSeconds: gauge(metrics, {
    name: 'identity_signing_key_age_seconds',
    help: 'For how long the key that signs now has been signing.'
  }),
  rowsRemoved: counter<'kind'>(metrics, {
    name: 'identity_rows_removed_total',
    help: 'Expired rows removed, by kind.',
    labelNames: ['kind']
  })
})

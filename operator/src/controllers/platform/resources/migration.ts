import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import { hashOf, type DesiredObject } from '../../../kube/apply.ts'
import { kinds } from './kinds.ts'
import { labelsOf, owned, type BuildContext } from './metadata.ts'
import { serviceContainer, servicePod } from './workload.ts'

/**
 * Brings one service's database to a version, before any pod of that version starts. It is the service's own image with one variable
 * more: the service migrates under its lock, as it does at each start, and ends. Migrations only go forward, and each leaves the database
 * usable for the version before: so a roll-back needs none.
 */
export function migrationJob(context: BuildContext, service: ServiceDefinition): DesiredObject {
  const { name } = service
  const { resources: _sizes, ...container } = serviceContainer(context, service, {
    env: [{ name: 'MIGRATE_ONLY', value: 'true' }]
  })
  const limitSeconds = context.spec.upgrade?.healthTimeoutSeconds ?? 300
  const spec = {
    backoffLimit: 3,
    activeDeadlineSeconds: limitSeconds,
    template: {
      metadata: { labels: labelsOf(context, name, 'migration') },
      spec: {
        ...servicePod(context, service),
        restartPolicy: 'Never',
        containers: [
          { ...container, resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } } }
        ]
      }
    }
  }
  // A Job cannot be changed: whatever would change it makes it another Job. Migrating twice is migrating once.
  const job = `${name}-migrate-${hashOf(spec).slice(0, 10)}`
  return owned(context, kinds.job, job, { of: name, role: 'migration' }, { spec })
}

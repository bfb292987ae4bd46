import { afterAll, afterEach, beforeAll, inject } from 'vitest'
import { KubeClient } from '../src/kube/client.ts'
import { ControllerRuntime } from '../src/kube/runtime.ts'
import type { KafkaAdminPort } from '../src/kafka/admin-port.ts'
import { createKafkaAdmin } from '../src/kafka/platformatic-admin.ts'
import { addHealthCheckController } from '../src/controllers/health-check/register.ts'
import { healthCheck, type HealthCheckResource, type HealthCheckSpec } from '../src/controllers/health-check/types.ts'
import { startApiServer, type ApiServer } from '../../test/cluster/api-server.ts'
import { backends } from '../../test/support/backends.ts'
import { eventually } from '../../test/support/eventually.ts'
import { applyCrds } from './apply-crds.ts'

/** A real API server, a real broker, and the HealthCheck controller on them, for one test file. There after `beforeAll`. */
export class HealthCheckWorld {
  client!: KubeClient
  kafka!: KafkaAdminPort
  runtime!: ControllerRuntime
  /** What the controller asked of the API server, as `verb Kind`. */
  readonly requests: string[] = []
  readonly brokers = backends().kafka
  #api!: ApiServer

  constructor(name: string) {
    beforeAll(async () => {
      const directory = `${inject('temporaryDirectory')}/${name}`
      this.#api = await startApiServer({ binaries: inject('kubernetesBinaries'), directory })
      this.client = new KubeClient(this.#api.config)
      await applyCrds(this.client)
      this.kafka = createKafkaAdmin({ brokers: this.brokers.split(','), clientId: 'operator-test' })
      this.runtime = await this.startRuntime(this.kafka)
    })
    afterEach(async () => {
      const { items } = await this.client.list(healthCheck, 'default')
      for (const { metadata } of items) await this.client.delete(healthCheck, 'default', metadata.name)
    })
    afterAll(async () => {
      await this.runtime?.stop()
      await this.kafka?.close()
      await this.#api?.stop()
    })
  }

  async startRuntime(kafka: KafkaAdminPort, namespace = 'default'): Promise<ControllerRuntime> {
    const client = new KubeClient(this.#api.config, (verb, kind) => this.requests.push(`${verb} ${kind}`))
    const runtime = new ControllerRuntime({ client, health: { host: '127.0.0.1', port: 0 } })
    // A long heartbeat, so that what the tests see is told because it is news.
    addHealthCheckController({ runtime, client, kafka, instance: 'test', namespace, heartbeatMs: 3_600_000 })
    await runtime.start()
    return runtime
  }

  apply(name: string, spec: HealthCheckSpec, namespace = 'default'): Promise<HealthCheckResource> {
    return this.client.apply<HealthCheckResource>(
      healthCheck,
      { metadata: { namespace, name }, spec: { intervalSeconds: 1, failureThreshold: 1, ...spec } },
      'test'
    )
  }

  async statusOf(name: string, namespace = 'default') {
    return (await this.client.get<HealthCheckResource>(healthCheck, namespace, name)).status
  }

  /** Waits until a check has this outcome, for a reason of this form. */
  turns(name: string, outcome: string, message = /./, namespace = 'default') {
    return eventually(
      async () => {
        const status = await this.statusOf(name, namespace)
        return status?.outcome === outcome && message.test(status.message ?? '') ? status : undefined
      },
      { what: `${name} to be ${outcome}` }
    )
  }
}

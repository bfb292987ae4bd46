import type { CustomResource } from '../kube/custom-resource.ts'
import { healthCheck } from './health-check/types.ts'
import { kafkaTopic } from './kafka-topic/types.ts'
import { platform } from './platform/types.ts'
import { scaler } from './scaler/types.ts'

/** The one list of kinds. CRDs and RBAC come from it. */
export const customResources: readonly CustomResource[] = [healthCheck, kafkaTopic, platform, scaler]

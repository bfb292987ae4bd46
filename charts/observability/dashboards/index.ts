import type { Dashboard } from '../grafana.ts'
import { backends } from './backends.ts'
import { bidding } from './bidding.ts'
import { gateway } from './gateway.ts'
import { inventory } from './inventory.ts'
import { kafka } from './kafka.ts'
import { objectives } from './objectives.ts'
import { operator } from './operator.ts'
import { sagas } from './sagas.ts'
import { services } from './services.ts'

export const dashboards: readonly Dashboard[] = [
  bidding,
  sagas,
  inventory,
  kafka,
  gateway,
  services,
  backends,
  operator,
  objectives
]

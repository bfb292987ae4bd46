import { burns, objectives, ratioName, windows } from './slo.ts'

/** Samples for `promtool test rules`: a series and its values in promtool's notation, one a minute. */
export interface Case {
  series: readonly { series: string; values: string }[]
  /** When the alert is looked at. */
  at: string
}

export interface Alert {
  name: string
  severity: 'critical' | 'warning'
  expr: string
  forDuration: string
  summary: string
  /** What it means and what to do, in the order to do it. */
  runbook: string
  fires: Case
  /** As near to firing as may be. */
  quiet: Case
}

const one = (series: string, values: string, at = '20m'): Case => ({ series: [{ series, values }], at })

const burnAlerts: Alert[] = objectives.flatMap((objective) => {
  const budget = Number((1 - objective.target).toFixed(6))
  const camel = objective.name.replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase())
  const { long, short, factor } = burns[0]!
  const ratios = (value: number): Case => ({
    series: windows.map((over) => ({ series: ratioName(objective, over), values: `${value}x30` })),
    at: '20m'
  })
  const expr = burns.map(
    (burn) =>
      `(${ratioName(objective, burn.long)} > ${Number((burn.factor * budget).toFixed(6))} and ${ratioName(objective, burn.short)} > ${Number((burn.factor * budget).toFixed(6))})`
  )
  return [
    {
      name: `Gavel${camel}Burn`,
      severity: 'critical' as const,
      expr: expr[0]!,
      forDuration: '2m',
      summary: `«${objective.title}» burns its error budget ${factor} times too fast`,
      runbook: `${objective.doc} At this rate a fiftieth of the budget of 30 days goes in an hour (windows ${long} and ${short}). Look at the dashboard Objectives for when it began, then at Bidding or Sales for what changed then: the p99 of the ledger's commit, lag, the provider's duration, a service that is not well. Undo the last change of version or configuration first, and look for the cause afterwards.`,
      fires: ratios(Number((factor * budget * 1.5).toFixed(6))),
      quiet: ratios(Number((budget * 0.9).toFixed(6)))
    },
    {
      name: `Gavel${camel}SlowBurn`,
      severity: 'warning' as const,
      expr: expr.slice(1).join(' or '),
      forDuration: '15m',
      summary: `«${objective.title}» burns its error budget too fast to last`,
      runbook: `${objective.doc} Nobody must be woken, but the budget of 30 days will not last. Look for what is slow or fails now and then: one route, one pod, one partition.`,
      fires: ratios(Number((burns[1]!.factor * budget * 1.5).toFixed(6))),
      quiet: ratios(Number((budget * 0.9).toFixed(6)))
    }
  ]
})

export const alerts: readonly Alert[] = [
  ...burnAlerts,
  {
    name: 'GavelOversold',
    severity: 'critical',
    expr: 'max(gavel_inventory_oversold_pieces) > 0',
    forDuration: '0m',
    summary: 'Pieces were sold for which nothing was held',
    runbook:
      'This must never happen: the database refuses stock below zero, so an order exists whose reservation was not there. Read the reconciliation differences (Operations, or GET /api/reconciliation), find the order number, and decide by hand: find a piece, or refund. Keep the event log of the sale for the report.',
    fires: one('gavel_inventory_oversold_pieces', '0x5 1x30'),
    quiet: one('gavel_inventory_oversold_pieces', '0x30')
  },
  {
    name: 'GavelLedgerBroken',
    severity: 'critical',
    expr: 'max(bidding_broken_ledgers) > 0',
    forDuration: '0m',
    summary: 'A ledger does not verify',
    runbook:
      'An entry was changed, removed or put in after it was written: no code of ours does that. The log of bidding names the auction, the entry and what is wrong with it («A ledger does not verify»). Take away write access to MongoDB from everybody but the service, keep a copy of the collection ledger as evidence, and compare the entry with what was told of it: the event log has every bid with the hash of its entry, and each bidder has a receipt. Restore the entry from a backup, byte for byte; it is looked at again within seconds, and the alert ends by itself.',
    fires: one('bidding_broken_ledgers', '0x5 1x30'),
    quiet: one('bidding_broken_ledgers', '0x30')
  },
  {
    name: 'GavelSaleStuck',
    severity: 'critical',
    expr: 'max(gavel_sagas_stuck) > 0',
    forDuration: '2m',
    summary: 'Sales that should be over are not',
    runbook:
      'Open Operations › Sales: stuck ones stand first, with the last event of each. Nothing after SaleConfirmed: inventory does not consume. Nothing after StockReserved: payment or the provider. Nothing after PaymentCaptured: order. See the health of that service and its group, then the dead letters. A sale whose service comes back ends by itself.',
    fires: one('gavel_sagas_stuck', '0x5 2x30'),
    quiet: one('gavel_sagas_stuck', '0x5 2x1 0x30')
  },
  {
    name: 'GavelSagaClockStands',
    severity: 'warning',
    expr: 'time() - max(gavel_order_caught_up_timestamp_seconds) > 120',
    forDuration: '2m',
    summary: 'The order service does not know that it has read everything, so no sale times out',
    runbook:
      'The clock of the sagas stands still while order cannot read all it listens to. See whether its groups are members (dashboard Kafka) and whether Kafka is well.',
    fires: one('gavel_order_caught_up_timestamp_seconds', '0x40', '30m'),
    quiet: one('gavel_order_caught_up_timestamp_seconds', '0+60x40', '30m')
  },
  {
    name: 'GavelDeadLetters',
    severity: 'warning',
    expr: 'sum by (group) (increase(kafka_consumer_dead_letters_total[10m])) > 0',
    forDuration: '0m',
    summary: 'Group {{ $labels.group }} put events away that it cannot handle',
    runbook:
      'Open Operations › Dead letters: each has its reason and its bytes. A fault (the world failed) is replayed once the world is well; a bug is replayed after the fix; what is not decodable is discarded with a reason. A replay goes through the inbox, so what was done stays done once.',
    fires: one('kafka_consumer_dead_letters_total{group="payment.reservations"}', '0x5 3x30', '10m'),
    quiet: one('kafka_consumer_dead_letters_total{group="payment.reservations"}', '3x30')
  },
  {
    name: 'GavelImportStands',
    severity: 'warning',
    expr: 'max(catalog_import_idle_seconds) > 600',
    forDuration: '2m',
    summary: 'An import has made no progress for ten minutes',
    runbook:
      'Open Admin › Import: the report of the running one lists the rows that wait. Their commands are either in a group that does not consume (catalog.product-commands, inventory.stock-commands, catalog.command-answers: see the dashboard Kafka) or among the dead letters of these groups. Replay those once the cause is gone, and the import ends by itself; no row is carried out twice.',
    fires: one('catalog_import_idle_seconds', '0x5 600+60x30'),
    quiet: one('catalog_import_idle_seconds', '0x5 300x30')
  },
  {
    name: 'GavelConsumerBehind',
    severity: 'warning',
    expr: 'sum by (group) (kafka_consumer_lag) > 100 and sum by (group) (kafka_consumer_lag) / clamp_min(sum by (group) (rate(kafka_consumer_events_total[5m])), 0.1) > 300',
    forDuration: '5m',
    summary: 'Group {{ $labels.group }} needs more than five minutes to catch up',
    runbook:
      'See the worst partitions on the dashboard Kafka. All of them: add replicas (kubectl get scalers says what the Scaler thinks, and why not). One alone: a hot key or a message that cannot be handled; more replicas do not help.',
    fires: {
      series: [
        { series: 'kafka_consumer_lag{group="order.payments",partition="0"}', values: '50000x30' },
        { series: 'kafka_consumer_events_total{group="order.payments"}', values: '0+600x30' }
      ],
      at: '20m'
    },
    quiet: {
      series: [
        { series: 'kafka_consumer_lag{group="order.payments",partition="0"}', values: '50000x30' },
        { series: 'kafka_consumer_events_total{group="order.payments"}', values: '0+30000x30' }
      ],
      at: '20m'
    }
  },
  {
    name: 'GavelConsumerAway',
    severity: 'critical',
    expr: 'max by (group) (kafka_consumer_connected) == 0',
    forDuration: '1m',
    summary: 'No process is a member of group {{ $labels.group }}',
    runbook:
      'The service runs and its consumer does not: see its log for the last refusal of the broker, and whether Kafka is well. Restarting the pods is safe at any time: what was handled is in the inbox.',
    fires: one('kafka_consumer_connected{group="payment.orders"}', '1x5 0x30'),
    quiet: {
      series: [
        { series: 'kafka_consumer_connected{group="payment.orders",pod="a"}', values: '1x30' },
        { series: 'kafka_consumer_connected{group="payment.orders",pod="b"}', values: '0x30' }
      ],
      at: '20m'
    }
  },
  {
    name: 'GavelNotWell',
    severity: 'critical',
    expr: 'min by (kind, watched) (health_up) == 0',
    forDuration: '1m',
    summary: '{{ $labels.kind }} {{ $labels.watched }} is down',
    runbook:
      'GET /readyz names the part that fails, Operations › Health since when. A service that waits for its database comes back by itself.',
    fires: one('health_up{kind="service",watched="payment"}', '1x5 0x30'),
    quiet: one('health_up{kind="service",watched="payment"}', '1x30')
  },
  {
    name: 'GavelOutboxStands',
    severity: 'critical',
    expr: 'max by (service) (outbox_oldest_seconds) > 60',
    forDuration: '1m',
    summary: 'The outbox of {{ $labels.service }} is not emptied',
    runbook:
      'Everything is kept and nothing is told: the saga stands. Is Kafka well? Does one process of the service lead the relay (dashboard Backends)? Failed sends say why in the log of that process.',
    fires: one('outbox_oldest_seconds{service="inventory"}', '0x5 60+60x30'),
    quiet: one('outbox_oldest_seconds{service="inventory"}', '5x30')
  },
  {
    name: 'GavelLedgerUnpublished',
    severity: 'warning',
    expr: 'min_over_time(sum(bidding_unpublished_auctions)[5m:1m]) > 0',
    forDuration: '5m',
    summary: 'Ledger entries wait for Kafka',
    runbook:
      'Bids are taken and answered; what follows from them waits. Nothing is lost: entries are published from the ledger in order. Is Kafka well? See the failed rounds of publishing on the dashboard Bidding and the log of bidding.',
    fires: one('bidding_unpublished_auctions', '3x30'),
    quiet: one('bidding_unpublished_auctions', '3 0 3 0 3 0 3 0 3 0 3 0 3 0 3 0 3 0 3 0 3 0 3 0 3 0 3 0')
  },
  {
    name: 'GavelPaymentsDeclined',
    severity: 'warning',
    expr: 'sum(increase(gavel_payments_total{status="declined"}[15m])) > 10 and sum(increase(gavel_payments_total{status="declined"}[15m])) / sum(increase(gavel_payments_total{status=~"captured|declined"}[15m])) > 0.5',
    forDuration: '5m',
    summary: 'More than half of the payments are declined',
    runbook:
      'One bidder with a bad card does not do this. Ask the provider; see its duration and the reasons of the declined payments (Operations › Sales). Sales give their stock back, and auctions offer to the next bidder.',
    fires: {
      series: [
        { series: 'gavel_payments_total{status="declined"}', values: '0+5x30' },
        { series: 'gavel_payments_total{status="captured"}', values: '0+1x30' }
      ],
      at: '25m'
    },
    quiet: {
      series: [
        { series: 'gavel_payments_total{status="declined"}', values: '0+5x30' },
        { series: 'gavel_payments_total{status="captured"}', values: '0+20x30' }
      ],
      at: '25m'
    }
  },
  {
    name: 'GavelPaymentUnsettled',
    severity: 'critical',
    expr: 'max by (status) (gavel_payments_open_age_seconds) > 900',
    forDuration: '1m',
    summary: 'A payment has been {{ $labels.status }} for a quarter of an hour',
    runbook:
      'Money may be held for a sale that is over. Find it by its order number in Operations › Sales and ask the provider for its reference; calls to the provider carry an idempotency key, so the service repeats them safely.',
    fires: one('gavel_payments_open_age_seconds{status="refund-due"}', '0+60x30', '25m'),
    quiet: one('gavel_payments_open_age_seconds{status="refund-due"}', '30x30')
  },
  {
    name: 'GavelStatisticsBehind',
    severity: 'warning',
    expr: 'min(gavel_statistics_behind_events) > 10000',
    forDuration: '10m',
    summary: 'The figures on the pages are old',
    runbook:
      'The statistics are folded from the event log; nothing is lost. See the log of eventlog for why the fold does not go on.',
    fires: one('gavel_statistics_behind_events', '20000x40', '30m'),
    quiet: one('gavel_statistics_behind_events', '500x40', '30m')
  },
  {
    name: 'GavelEventLoopSlow',
    severity: 'warning',
    expr: 'max by (service) (nodejs_eventloop_lag_p99_seconds) > 0.5',
    forDuration: '5m',
    summary: 'A process of {{ $labels.service }} is too busy to answer in time',
    runbook:
      'One process has more to do than its core can: see its rate of requests on the dashboard Services. More replicas help, unless one auction holds all the load.',
    fires: one('nodejs_eventloop_lag_p99_seconds{service="bidding"}', '0.9x30'),
    quiet: one('nodejs_eventloop_lag_p99_seconds{service="bidding"}', '0.05x30')
  },
  {
    name: 'GavelSigningKeyOld',
    severity: 'warning',
    expr: 'min(identity_signing_key_age_seconds) > 90 * 86400',
    forDuration: '1h',
    summary: 'The key that signs tokens has not been rotated for 90 days',
    runbook: 'Rotate it: POST /api/keys/rotation as an admin. Tokens signed before stay valid until they expire.',
    fires: one('identity_signing_key_age_seconds', '7800000x120', '90m'),
    quiet: one('identity_signing_key_age_seconds', '7700000x120', '90m')
  },
  {
    name: 'GavelCertificateExpires',
    severity: 'warning',
    expr: 'min(envoy_server_days_until_first_cert_expiring) < 14',
    forDuration: '1h',
    summary: 'A certificate of the gateway ends within two weeks',
    runbook:
      'Whoever renews the certificate has not: see its Certificate or the job that writes the Secret. A new Secret is taken up by a rolling restart of the gateway. Without it browsers and clients turn away on the day it ends.',
    fires: one('envoy_server_days_until_first_cert_expiring', '9x120', '90m'),
    // Without TLS Envoy says as many days as it can count.
    quiet: one('envoy_server_days_until_first_cert_expiring', '4294967295x120', '90m')
  },
  {
    name: 'GavelOperatorStalled',
    severity: 'critical',
    expr: 'max by (name) (workqueue_longest_running_processor_seconds) > 300 or max by (name) (workqueue_depth) > 0 and sum by (name) (rate(workqueue_work_duration_seconds_count[10m])) == 0',
    forDuration: '5m',
    summary: 'The operator does nothing about {{ $labels.name }}, though it has something to do',
    runbook:
      'What runs goes on running; changes wait. See the log of the operator for the last thing it began, and whether the API server answers. Deleting its pod is safe at any time: the next one looks at everything anew.',
    fires: one('workqueue_longest_running_processor_seconds{name="platform"}', '0x5 60+60x40', '30m'),
    quiet: {
      series: [
        { series: 'workqueue_depth{name="platform"}', values: '3x40' },
        { series: 'workqueue_work_duration_seconds_count{name="platform"}', values: '0+5x40' },
        { series: 'workqueue_longest_running_processor_seconds{name="platform"}', values: '20x40' }
      ],
      at: '30m'
    }
  },
  {
    name: 'GavelOperatorErrors',
    severity: 'warning',
    expr: 'sum by (controller) (rate(controller_runtime_reconcile_errors_total[10m])) > 0.1',
    forDuration: '10m',
    summary: 'The operator keeps failing at {{ $labels.controller }}',
    runbook:
      'kubectl get gavel -A shows which resource is not Ready, and its condition why. What runs goes on running.',
    fires: one('controller_runtime_reconcile_errors_total{controller="platform"}', '0+30x40', '30m'),
    quiet: one('controller_runtime_reconcile_errors_total{controller="platform"}', '0+1x40', '30m')
  },
  {
    name: 'GavelOperatorRunaway',
    severity: 'warning',
    expr: 'sum(rate(rest_client_requests_total{verb=~"apply|patch|create|update|delete"}[5m])) > 20',
    forDuration: '15m',
    summary: 'The operator writes without an end',
    runbook:
      'Once the world is as the resources say, the operator writes nothing. Something else changes the same fields: kubectl get -o yaml --show-managed-fields of the busiest kind (dashboard Operator) tells who.',
    fires: one('rest_client_requests_total{verb="apply",kind="Deployment"}', '0+3000x40', '30m'),
    quiet: one('rest_client_requests_total{verb="apply",kind="Deployment"}', '0+30x40', '30m')
  },
  {
    name: 'GavelScalerBlind',
    severity: 'warning',
    expr: 'max by (namespace, name) (gavel_scaler_signals_missing) > 0',
    forDuration: '5m',
    summary: 'Scaler {{ $labels.name }} cannot read a signal',
    runbook:
      'It adds no replica for that signal and takes none away. kubectl describe scaler says which signal and why.',
    fires: one('gavel_scaler_signals_missing{namespace="gavel",name="order"}', '1x30'),
    quiet: one('gavel_scaler_signals_missing{namespace="gavel",name="order"}', '0x30')
  }
]

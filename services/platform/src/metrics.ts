import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type CounterConfiguration,
  type GaugeConfiguration,
  type HistogramConfiguration,
  type Metric,
  type OpenMetricsContentType
} from 'prom-client'

export { Registry } from 'prom-client'
export type { Counter, Gauge, Histogram } from 'prom-client'

/** The buckets of OpenTelemetry's semantic conventions for durations in seconds. */
export const durationBucketsSeconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

const services = new WeakMap<Registry, string>()

/** A registry with the process's own figures: memory, processor, event loop delay, garbage collection. */
export function createMetrics(service: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  services.set(registry, service)
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 })
  return registry
}

const openMetrics = 'application/openmetrics-text'

/**
 * What a scraper is told. One that reads OpenMetrics gets that, because only it has exemplars; any other gets Prometheus' own text. Names
 * are the same in both. prom-client would rename the counters of a registry for good, so OpenMetrics is written from a copy of it.
 */
export async function renderMetrics(
  registry: Registry,
  accept: string | undefined
): Promise<{ contentType: string; text: string }> {
  if (accept?.includes(openMetrics) !== true)
    return { contentType: registry.contentType, text: await registry.metrics() }
  const copy = new Registry<OpenMetricsContentType>()
  copy.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const service = services.get(registry)
  if (service !== undefined) copy.setDefaultLabels({ service })
  for (const metric of registry.getMetricsAsArray()) copy.registerMetric(withoutTotal(metric as unknown as Readable))
  return { contentType: copy.contentType, text: await copy.metrics() }
}

interface Readable {
  name: string
  type: string
  get(): Promise<object>
  getForPromString?: () => Promise<object>
}

/** OpenMetrics names a counter's family without its `_total`, which prom-client then puts behind each sample again. */
function withoutTotal(metric: Readable): Metric {
  const isCounter = String(metric.type) === 'counter'
  const name = isCounter ? metric.name.replace(/_total$/, '') : metric.name
  const get = async () => ({ ...(await (metric.getForPromString?.() ?? metric.get())), name })
  return { name, type: metric.type, get } as unknown as Metric
}

type Without<Configuration> = Omit<Configuration, 'registers'>

/** The metric of this name in the registry, made at the first call, so that two users of one part share it. */
export function counter<Label extends string = string>(
  registry: Registry,
  configuration: Without<CounterConfiguration<Label>>
): Counter<Label> {
  const existing = registry.getSingleMetric(configuration.name)
  return existing ? (existing as unknown as Counter<Label>) : new Counter({ ...configuration, registers: [registry] })
}

export function gauge<Label extends string = string>(
  registry: Registry,
  configuration: Without<GaugeConfiguration<Label>>
): Gauge<Label> {
  const existing = registry.getSingleMetric(configuration.name)
  return existing ? (existing as unknown as Gauge<Label>) : new Gauge({ ...configuration, registers: [registry] })
}

export function histogram<Label extends string = string>(
  registry: Registry,
  configuration: Without<HistogramConfiguration<Label>>
): Histogram<Label> {
  const existing = registry.getSingleMetric(configuration.name)
  return existing
    ? (existing as unknown as Histogram<Label>)
    : new Histogram({ buckets: durationBucketsSeconds, ...configuration, registers: [registry] })
}

/** One observation of many, by which a figure leads to a trace. */
interface Exemplar {
  labelSet: { trace_id: string }
  value: number
  /** Seconds since the Unix epoch. */
  timestamp: number
}

/** One series of a {@link BoundHistogram}. */
export class HistogramSeries {
  readonly labels: Record<string, string>
  readonly counts: Float64Array
  sum = 0
  count = 0
  /** The newest of each bucket, and of what is beyond them all; made when there is one. */
  exemplars: Exemplar[] | undefined
  readonly #buckets: readonly number[]

  constructor(labels: Record<string, string>, buckets: readonly number[]) {
    this.labels = labels
    this.counts = new Float64Array(buckets.length)
    this.#buckets = buckets
  }

  /** With the id of a sampled trace it becomes an exemplar. */
  observe(value: number, traceId?: string): void {
    this.sum += value
    this.count += 1
    const buckets = this.#buckets
    let index = 0
    while (index < buckets.length && value > buckets[index]!) index += 1
    if (index < buckets.length) this.counts[index]! += 1
    if (traceId === undefined) return
    this.exemplars ??= []
    this.exemplars[index] = { labelSet: { trace_id: traceId }, value, timestamp: Date.now() / 1000 }
  }
}

/**
 * A histogram for hot paths. prom-client hashes the label set at every observation (about a microsecond with three labels);
 * here the caller keeps the series, so that observing is an addition, and everything else happens when scraped. It has exemplars, which
 * prom-client gives to a registry that speaks OpenMetrics alone.
 */
export class BoundHistogram {
  readonly name: string
  readonly help: string
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly #buckets: readonly number[]
  readonly #series: HistogramSeries[] = []

  constructor(registry: Registry, options: { name: string; help: string; buckets?: readonly number[] }) {
    this.name = options.name
    this.help = options.help
    this.#buckets = options.buckets ?? durationBucketsSeconds
    registry.registerMetric(this as unknown as Histogram)
  }

  series(labels: Record<string, string>): HistogramSeries {
    const made = new HistogramSeries(labels, this.#buckets)
    this.#series.push(made)
    return made
  }

  reset(): void {
    this.#series.length = 0
  }

  async get(): Promise<object> {
    const values: {
      labels: Record<string, string | number>
      value: number
      metricName: string
      exemplar?: Exemplar | undefined
    }[] = []
    for (const series of this.#series) {
      let cumulative = 0
      this.#buckets.forEach((bucket, index) => {
        cumulative += series.counts[index]!
        values.push({
          labels: { le: bucket, ...series.labels },
          value: cumulative,
          metricName: `${this.name}_bucket`,
          exemplar: series.exemplars?.[index]
        })
      })
      values.push({
        labels: { le: '+Inf', ...series.labels },
        value: series.count,
        metricName: `${this.name}_bucket`,
        exemplar: series.exemplars?.[this.#buckets.length]
      })
      values.push({ labels: series.labels, value: series.sum, metricName: `${this.name}_sum` })
      values.push({ labels: series.labels, value: series.count, metricName: `${this.name}_count` })
    }
    return { name: this.name, help: this.help, type: this.type, aggregator: this.aggregator, values }
  }
}

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { BOUNDS, type Histogram as PlainHistogram } from '../forwarding/histogram.ts'
import type { Administered } from './administered.ts'
import { type MetricRow, metricTable } from './metric-table.ts'

/**
 * Metrics for Prometheus, in a registry of their own: those of the relay and those of the process. What the relay counts
 * stays where it is and is read when somebody asks.
 */
export function relayMetrics(administered: Administered): Registry {
  const registry = new Registry()
  for (const row of metricTable) register(row, administered, registry)
  collectDefaultMetrics({ register: registry })
  // Each of them would look at all sockets of the process. And `promtool` objects to the names of some.
  for (const { name } of registry.getMetricsAsArray()) {
    if (name.startsWith('nodejs_active_')) registry.removeSingleMetric(name)
  }
  return registry
}

function register(row: MetricRow, administered: Administered, registry: Registry): void {
  const { name, help } = row
  const registers = [registry]
  switch (row.type) {
    case 'histogram':
      new ReadHistogram(name, help, registry, () => {
        const counters = administered.relay?.counters
        return counters === undefined ? undefined : row.histogram(counters)
      })
      return
    case 'gauge':
      new Gauge({
        name,
        help,
        registers,
        labelNames: row.labels,
        collect() {
          for (const [labels, value] of row.samples(administered, administered.relay)) this.set(labels, value)
        },
      })
      return
    case 'counter':
      new Counter({
        name,
        help,
        registers,
        labelNames: row.labels,
        collect() {
          this.reset()
          for (const [labels, value] of row.samples(administered, administered.relay)) this.inc(labels, value)
        },
      })
      return
    default:
      row satisfies never
  }
}

type Values = Awaited<ReturnType<Histogram['get']>>

/** A histogram that was counted elsewhere. */
class ReadHistogram extends Histogram {
  readonly #name: string
  readonly #help: string
  readonly #read: () => PlainHistogram | undefined

  constructor(name: string, help: string, registry: Registry, read: () => PlainHistogram | undefined) {
    super({ name, help, buckets: [...BOUNDS], registers: [registry] })
    this.#name = name
    this.#help = help
    this.#read = read
  }

  override async get(): Promise<Values> {
    const histogram = this.#read()
    const values: Values['values'] = []
    let count = 0
    for (const [index, bound] of [...BOUNDS, '+Inf'].entries()) {
      count += histogram?.counts[index] ?? 0
      values.push({ metricName: `${this.#name}_bucket`, labels: { le: bound }, value: count })
    }
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: histogram?.sum ?? 0 })
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: count })
    // The library's types have an enum here that its code does not have.
    const type = 'histogram' as unknown as Values['type']
    return { name: this.#name, help: this.#help, type, values, aggregator: 'sum', collect: () => {} }
  }

  /** What the registry asks where it writes text. */
  getForPromString(): Promise<Values> {
    return this.get()
  }
}

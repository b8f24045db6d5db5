/** A metric as Prometheus reads it from the text format. */
export interface Metric {
  help: string
  type: string
  /** By name and labels as they are written: `name{a="b"}`. */
  samples: Map<string, number>
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const SAMPLE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)+)\})? (Na[Nn]|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/g

/**
 * Reads Prometheus' text format 0.0.4, and throws where Prometheus or `promtool check metrics` would object: lines of no
 * known form, HELP or TYPE twice or missing or after the first sample, samples twice or apart, counters without `_total`,
 * histograms whose buckets do not add up.
 */
export function readExposition(text: string): Map<string, Metric> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const metrics = new Map<string, Metric>()
  let current = ''
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line)
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment
      if (!NAME.test(name)) throw new Error(`not a name: ${line}`)
      if (kind === 'HELP') {
        if (metrics.has(name)) throw new Error(`${name} comes twice`)
        metrics.set(name, { help: rest, type: '', samples: new Map() })
        current = name
      } else {
        const metric = metrics.get(name)
        if (metric === undefined || name !== current || metric.type !== '')
          throw new Error(`TYPE out of place: ${line}`)
        if (!['counter', 'gauge', 'histogram', 'summary', 'untyped'].includes(rest)) throw new Error(`no type: ${line}`)
        metric.type = rest
      }
      continue
    }
    const sample = SAMPLE.exec(line)
    if (sample === null) throw new Error(`not a sample: ${line}`)
    const [, name = '', labels = '', value = ''] = sample
    const metric = metrics.get(current)
    const belongs =
      metric?.type === 'histogram' ? name.replace(/_(bucket|sum|count)$/, '') === current : name === current
    if (metric === undefined || metric.type === '' || !belongs) throw new Error(`a sample of another metric: ${line}`)
    const key = labels === '' ? name : `${name}{${labels}}`
    if (metric.samples.has(key)) throw new Error(`a sample comes twice: ${line}`)
    const names = [...labels.matchAll(LABEL)].map(([, label]) => label)
    if (new Set(names).size !== names.length) throw new Error(`a label comes twice: ${line}`)
    metric.samples.set(key, Number(value.replace('Inf', 'Infinity')))
  }
  for (const [name, metric] of metrics) check(name, metric)
  return metrics
}

/** The number of one series; throws when it is not there. */
export function valueIn(metrics: Map<string, Metric>, series: string): number {
  const name = series.replace(/\{.*$/, '').replace(/_(bucket|sum|count)$/, '')
  const metric = metrics.get(name) ?? metrics.get(series.replace(/\{.*$/, ''))
  const value = metric?.samples.get(series)
  if (value === undefined) throw new Error(`there is no ${series}`)
  return value
}

function check(name: string, { help, type, samples }: Metric): void {
  if (help === '' || type === '') throw new Error(`${name} lacks HELP or TYPE`)
  if ((type === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${type}`)
  // Of the process there are some that have no series before something happened, or several histograms in one.
  if (!name.startsWith('msrp_')) return
  if (samples.size === 0) throw new Error(`${name} has no series`)
  if (type === 'counter' && [...samples.values()].some((value) => value < 0)) throw new Error(`${name} is below zero`)
  if (type !== 'histogram') return
  const buckets = [...samples].filter(([series]) => series.startsWith(`${name}_bucket`)).map(([, value]) => value)
  if (buckets.some((value, index) => value < (buckets[index - 1] ?? 0))) throw new Error(`${name}: buckets fall`)
  if (!samples.has(`${name}_bucket{le="+Inf"}`) || buckets.at(-1) !== samples.get(`${name}_count`)) {
    throw new Error(`${name}: +Inf is not the count`)
  }
  if (!samples.has(`${name}_sum`)) throw new Error(`${name} has no sum`)
}

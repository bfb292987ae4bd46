/** The forms that PromQL takes again and again. */

export const window = '$__rate_interval'

/** Sum of the rates of a counter. Zero where nothing of it has ever happened, so that quiet is told from absent. */
export const rateOf = (counter: string, by: readonly string[] = [], over = window): string =>
  by.length === 0
    ? `sum(rate(${counter}[${over}])) or vector(0)`
    : `sum by (${by.join(', ')}) (rate(${counter}[${over}]))`

export const quantile = (q: number, histogram: string, by: readonly string[] = [], over = window): string => {
  const [name = '', ...selector] = histogram.split('{')
  const bucket = `${name}_bucket${selector.length > 0 ? `{${selector.join('{')}` : ''}`
  return `histogram_quantile(${q}, sum by (${['le', ...by].join(', ')}) (rate(${bucket}[${over}])))`
}

export const quantiles = (histogram: string, by: readonly string[] = [], legend = '') =>
  [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, histogram, by), legend: `p${q * 100}${legend}` }))

/** A part of a whole; zero where there was no whole. */
export const share = (part: string, whole: string): string => `(${part}) / ((${whole}) > 0) or vector(0)`

import { escaped, svg, WIDTH } from './svg.ts'

const BAR = 26
const LEFT = 110
const TOP = 44

/** Bars with their values, as SVG; the first one is ours. */
export function barChart(title: string, unit: string, bars: readonly { label: string; value: number }[]): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE)
  const room = WIDTH - LEFT - 110
  const height = TOP + bars.length * (BAR + 8) + 12
  const lines = bars.flatMap(({ label, value }, index) => {
    const y = TOP + index * (BAR + 8)
    const width = Math.max(1, Math.round((room * value) / most))
    return [
      `<text x="${LEFT - 8}" y="${y + 18}" text-anchor="end">${escaped(label)}</text>`,
      `<rect x="${LEFT}" y="${y}" width="${width}" height="${BAR}" fill="${index === 0 ? '#1a7f5a' : '#9aa4ad'}"/>`,
      `<text x="${LEFT + width + 8}" y="${y + 18}">${value < 100 ? value.toFixed(1) : Math.round(value)}</text>`,
    ]
  })
  return svg({ title, heading: `${title} (${unit})`, height }, lines)
}

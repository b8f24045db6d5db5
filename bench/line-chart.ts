import { escaped, svg, WIDTH } from './svg.ts'

export interface Series {
  readonly label: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const HEIGHT = 360
const LEFT = 64
const RIGHT = 150
const TOP = 64
const BOTTOM = 48
const colours = ['#1a7f5a', '#9aa4ad', '#c77d2e', '#4a6fa5']

/** Lines with their points, as SVG: a logarithmic horizontal axis with the points' values, a vertical one from 0. */
export function lineChart(titles: { title: string; x: string; y: string }, series: readonly Series[]): string {
  const points = series.flatMap((line) => line.points)
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b)
  const most = roundedUp(Math.max(...points.map(({ y }) => y), Number.MIN_VALUE))
  const [low, high] = [Math.log(xs[0] ?? 1), Math.log(xs.at(-1) ?? 1)]
  const across = (x: number): number =>
    Math.round(LEFT + (WIDTH - LEFT - RIGHT) * (high === low ? 0.5 : (Math.log(x) - low) / (high - low)))
  const up = (y: number): number => Math.round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y / most))
  const steps = [0, 1, 2, 3, 4].map((step) => (most * step) / 4)
  return svg({ title: titles.title, heading: titles.title, height: HEIGHT }, [
    `<text x="12" y="42" fill="#555">${escaped(titles.y)}</text>`,
    ...steps.flatMap((step) => [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${up(step)}" y2="${up(step)}" stroke="#ddd"/>`,
      `<text x="${LEFT - 8}" y="${up(step) + 4}" text-anchor="end">${Number(step.toPrecision(3))}</text>`,
    ]),
    ...xs.map((x) => `<text x="${across(x)}" y="${HEIGHT - BOTTOM + 20}" text-anchor="middle">${x}</text>`),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle" fill="#555">${escaped(titles.x)}</text>`,
    ...series.flatMap((line, index) => {
      const colour = colours[index % colours.length]
      const corners = line.points.map(({ x, y }) => `${across(x)},${up(y)}`)
      const last = line.points.at(-1) ?? { x: 1, y: 0 }
      return [
        `<polyline points="${corners.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...line.points.map(({ x, y }) => `<circle cx="${across(x)}" cy="${up(y)}" r="3.5" fill="${colour}"/>`),
        `<text x="${across(last.x) + 10}" y="${up(last.y) + 4}" fill="${colour}">${escaped(line.label)}</text>`,
      ]
    }),
  ])
}

/** To a number that quarters are easy to read of. */
function roundedUp(value: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 4, 6, 8].find((step) => step * magnitude >= value) ?? 10) * magnitude
}

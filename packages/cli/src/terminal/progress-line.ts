import { formatBytes, formatDuration, formatRate } from './units.ts'

export interface ProgressState {
  label: string
  bytes: number
  /** Undefined while the size is unknown. */
  total: number | undefined
  bytesPerSecond: number
  /** Shown instead of the time left, such as `waiting for confirmation`. */
  remark?: string | undefined
}

const BAR = 20
const MIN_LABEL = 8

/** One line that says how far a file is, in at most `columns` columns; what does not fit goes, the least useful first. */
export function formatProgress(state: ProgressState, columns: number, blocks: boolean): string {
  const { bytes, total, bytesPerSecond, remark } = state
  const share = total === undefined ? undefined : total === 0 ? 1 : Math.min(1, bytes / total)
  const amount = total === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total)}`
  const rate = formatRate(bytesPerSecond)
  const percent = share === undefined ? undefined : `${String(Math.floor(share * 100)).padStart(3)} %`
  const left = remark ?? timeLeft(state)
  const bar = share === undefined ? undefined : drawBar(share, blocks)
  const variants = [
    [bar, percent, amount, rate, left],
    [percent, amount, rate, left],
    [percent, rate, left],
    [percent ?? amount, left],
    [percent ?? amount],
  ]
  const room = columns - 1
  const labelWidth = displayWidth(state.label)
  for (const variant of variants) {
    const tail = variant.filter((part) => part !== undefined && part !== '').join('  ')
    const labelRoom = room - displayWidth(tail) - 2
    if (labelRoom >= Math.min(labelWidth, MIN_LABEL * 2)) return `${fit(state.label, labelRoom)}  ${tail}`
  }
  return fit(`${percent ?? amount} ${state.label}`, room)
}

function timeLeft({ bytes, total, bytesPerSecond }: ProgressState): string | undefined {
  if (total === undefined || bytesPerSecond === 0) return undefined
  return `${formatDuration((total - bytes) / bytesPerSecond)} left`
}

function drawBar(share: number, blocks: boolean): string {
  const full = Math.floor(share * BAR)
  return blocks ? '█'.repeat(full) + '░'.repeat(BAR - full) : `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}]`
}

const wide =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u
// Made when first needed: it takes its time.
let segmenter: Intl.Segmenter | undefined

function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  return segmenter.segment(text)
}

/** Columns that a text takes on a terminal, for the cases that occur in file names. */
export function displayWidth(text: string): number {
  let width = 0
  for (const { segment } of graphemes(text)) width += wide.test(segment) ? 2 : 1
  return width
}

/** Shortens a text in its middle, since the end of a file name tells as much as its beginning. */
export function fit(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text
  if (columns < 3) return ''
  const parts = [...graphemes(text)].map(({ segment }) => segment)
  const front = take(parts, Math.ceil((columns - 1) / 2))
  const back = take(parts.toReversed(), columns - 1 - displayWidth(front.join(''))).toReversed()
  return `${front.join('')}…${back.join('')}`
}

function take(parts: string[], columns: number): string[] {
  let room = columns
  const taken: string[] = []
  for (const part of parts) {
    room -= displayWidth(part)
    if (room < 0) break
    taken.push(part)
  }
  return taken
}

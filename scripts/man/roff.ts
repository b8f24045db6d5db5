/*
 * The little of the man macros (man(7)) that pages need. Texts come from help and settings, hence every character that roff
 * takes for its own is made harmless.
 */

/** A page from its sections. `date` is the day of the release, `YYYY-MM-DD`. */
export function manPage(options: {
  name: string
  section: number
  date: string
  source: string
  manual: string
  body: readonly string[]
}): string {
  const { name, section, date, source, manual, body } = options
  const title = `${escaped(name.toUpperCase())} ${section} ${date} "${escaped(source)}" "${escaped(manual)}"`
  // A heading begins a paragraph by itself.
  const text = body.join('\n').replace(/^(\.S[HS] .*)\n\.PP$/gm, '$1')
  return `.\\" Made from the help of the commands and the rules of the settings.\n.TH ${title}\n${text}\n`
}

export function heading(title: string): string {
  return `.SH "${escaped(title.toUpperCase())}"`
}

/** A heading whose letters matter. */
export function tableHeading(title: string): string {
  return `.SH "${escaped(title)}"`
}

export function subheading(title: string): string {
  return `.SS "${escaped(title)}"`
}

/** A paragraph; blank lines of the text part several. */
export function paragraph(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((part) => `.PP\n${line(part)}`)
    .join('\n')
}

/** What is explained, and below it the explanation. */
export function item(term: string, text: string): string {
  return `.TP\n${term}\n${line(text)}`
}

/** Lines as they are: examples, and texts with columns. */
export function literal(text: string): string {
  const lines = text.replace(/^\n+|\s+$/g, '').split('\n')
  return ['.PP', '.EX', ...lines.map((one) => safeStart(escaped(one))), '.EE'].join('\n')
}

export function bold(text: string): string {
  return `\\fB${escaped(text)}\\fR`
}

export function italic(text: string): string {
  return `\\fI${escaped(text)}\\fR`
}

/** Running text; what stands in backquotes is bold. */
export function line(text: string): string {
  const words = text
    .trim()
    .replace(/\s+/g, ' ')
    .split(/`([^`]+)`/)
  return safeStart(words.map((part, index) => (index % 2 === 1 ? bold(part) : escaped(part))).join(''))
}

/** `-` and quotes are characters to be copied from a page, not typography. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('"', '\\(dq')
    .replace(
      /[\u0080-\u{10ffff}]/gu,
      (character) => `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}]`,
    )
}

/** A line that begins with a full stop would be a request. */
function safeStart(text: string): string {
  return /^[.']/.test(text) ? `\\&${text}` : text
}

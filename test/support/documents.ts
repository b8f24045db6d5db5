/** What a Markdown text shows as code: fenced blocks line by line (joined where a backslash ends one), and inline. */
export function codeIn(markdown: string): string[] {
  const fence = /^[ \t]*```.*\n([\s\S]*?)^[ \t]*```/gm
  const blocks = [...markdown.matchAll(fence)].map((match) => match[1] ?? '')
  const inline = [...markdown.replace(fence, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')
  return [...blocks.flatMap((block) => block.replace(/\\\n\s*/g, '').split('\n')), ...inline]
}

/** The fenced blocks of a Markdown text that say they are in this language. */
export function blocksOf(markdown: string, language: string): string[] {
  const blocks = [...markdown.matchAll(/^```(\S*)\n([\s\S]*?)^```/gm)]
  return blocks.filter(([, said]) => said === language).map(([, , text = '']) => text)
}

/** A text with other values in place of its own; a value that it does not have is an error. */
export function replaced(text: string, values: Readonly<Record<string, string>>): string {
  for (const old of Object.keys(values)) {
    if (!text.includes(old)) throw new Error(`there is no ${old} to be replaced in:\n${text}`)
  }
  return Object.entries(values).reduce((all, [old, value]) => all.replaceAll(old, value), text)
}

/** Modules named in code: `from 'msrp/wire'`, `import('msrp')`. */
export function modulesIn(code: readonly string[]): string[] {
  return code.flatMap((line) =>
    [...line.matchAll(/(?:\bfrom|\bimport\(?)\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? ''),
  )
}

/** npm scripts named in code. */
export function scriptsIn(code: readonly string[]): string[] {
  return code.flatMap((line) =>
    [...line.matchAll(/\bnpm (?:run )?(test|start|(?<=run )[\w:-]+)/g)].map((match) => match[1] ?? ''),
  )
}

export interface Command {
  /** Words after `msrp`: `send`, or `relay user add`. */
  words: string[]
  /** Long options. */
  options: string[]
}

/** Calls of the command `msrp` in code, such as `npx msrp send FILE --to 'PATH'`. */
export function commandsIn(code: readonly string[]): Command[] {
  return code.flatMap((line) => {
    const [, call] = /^\s*(?:\$ )?(?:[A-Z_]+=\S+ )?(?:npx )?msrp( .*)$/.exec(line) ?? []
    if (call === undefined) return []
    const words = /^(?: [a-z]+(?=[\s]|$))+/.exec(call)?.[0].trim().split(' ') ?? []
    return [{ words, options: [...call.matchAll(/ (--[a-z-]+)/g)].map((match) => match[1] ?? '') }]
  })
}

/** Files and folders of the clone named in code or linked, without those that hold a placeholder. */
export function pathsIn(markdown: string): string[] {
  const named = codeIn(markdown).filter((line) => /^(?:packages|scripts|test|examples|docs|\.ci)\/[\w./-]+$/.test(line))
  const linked = [...markdown.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)/g)].map(
    (match) => match[1] ?? '',
  )
  return [...named, ...linked]
}

/** Links to headings: the file as it is linked, empty for the same one, and the anchor. */
export function anchorsIn(markdown: string): { file: string; anchor: string }[] {
  const links = markdown.matchAll(/\]\((?!https?:|mailto:)([^)#]*)#([^)]+)\)/g)
  return [...links].map(([, file = '', anchor = '']) => ({ file, anchor }))
}

/** The anchors that forges make of the headings of a text: those of the same words are numbered. */
export function headingAnchors(markdown: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of markdown.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
    const slug = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-')
    let anchor = slug
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`
    anchors.add(anchor)
  }
  return anchors
}

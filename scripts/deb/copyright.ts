import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Module } from './production-modules.ts'

/** The licences of everything that a package brings, in Debian's form for machines (DEP 5) as far as it goes. */
export function copyrightFile(options: {
  root: string
  license: string
  node: { version: string; license: string }
  modules: readonly Module[]
}): string {
  const { root, license, node, modules } = options
  const bundled = modules.map((module) => {
    const { name, version, path, license: short } = module
    // Debian has this one in a place of its own and wants no copies.
    const text = /^Apache-2\.0$/.test(short)
      ? [notice(join(root, path)), 'The text of the licence is in /usr/share/common-licenses/Apache-2.0.'].join('\n')
      : (licenseText(join(root, path)) ?? `The package names its licence, ${short}, and brings no text of it.`)
    return part(`Files: usr/lib/msrp-relay/${path}/*`, `Comment: ${name} ${version}`, short, text)
  })
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: msrp-stack',
    part('Files: *', undefined, 'MIT', license),
    part(
      'Files: usr/lib/msrp-relay/node',
      `Comment: Node.js ${node.version} as its project builds it, with all that it links`,
      'Node.js',
      node.license,
    ),
    ...bundled,
  ].join('\n\n')
}

function part(files: string, comment: string | undefined, short: string, text: string): string {
  const holders = [
    ...new Set(text.split('\n').map((line) => /^\W*(copyright (?:\(c\)|©|\d{4}).*)$/i.exec(line)?.[1]?.trim())),
  ].filter((line) => line !== undefined)
  const named = holders.slice(0, 12)
  return [
    files,
    `Copyright: ${named.length === 0 ? 'its authors, see below' : named.join('\n  ')}`,
    `License: ${short}`,
    indented(text),
    ...(comment === undefined ? [] : [comment]),
  ].join('\n')
}

/** Each line behind a space, empty ones as a full stop: what the format wants of texts. */
function indented(text: string): string {
  return text
    .trim()
    .split(/\r?\n/)
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n')
}

function licenseText(folder: string): string | undefined {
  return textOf(folder, /^(licen[cs]e|copying|notice)\b/i)
}

/** Apache's licence wants the file NOTICE to be passed on where there is one. */
function notice(folder: string): string {
  return textOf(folder, /^notice\b/i) ?? ''
}

function textOf(folder: string, name: RegExp): string | undefined {
  const texts = readdirSync(folder)
    .filter((file) => name.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8'))
  return texts.length === 0 ? undefined : texts.join('\n\n')
}

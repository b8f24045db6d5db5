import type { ESTree } from 'rolldown/utils'
import type { Declaration, Module } from './module.ts'
import { type Addresses, codeLine, prose } from './text.ts'

type Member = ESTree.TSSignature | ESTree.ClassElement

/** What the reference says of a declaration: its code, its docstring, and a list of its members. Paragraphs. */
export function declarationLines({ node, doc }: Declaration, module: Module, addresses: Addresses): string[] {
  const about = doc === undefined ? [] : [prose(doc, module, addresses)]
  const code = (start: number, end: number): string => codeLine(module, [[start, end]], addresses)
  const start = node.start + (module.code.startsWith('declare ', node.start) ? 'declare '.length : 0)
  switch (node.type) {
    case 'TSDeclareFunction':
      return [code(node.id?.start ?? start, node.end), ...about]
    case 'VariableDeclaration':
      return [code(start, node.end), ...about]
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
      return [
        code(start, node.body.start),
        ...about,
        ...members(node.body.body, module, addresses, node.id?.name ?? ''),
      ]
    case 'TSTypeAliasDeclaration': {
      const { id, typeAnnotation } = node
      if (typeAnnotation.type !== 'TSTypeLiteral') return [code(start, node.end), ...about]
      return [code(start, id.end), ...about, ...members(typeAnnotation.members, module, addresses, id.name)]
    }
  }
}

/** One list, with an item for each member that is for others; overloads share one when they share a docstring. */
function members(all: readonly Member[], module: Module, addresses: Addresses, owner: string): string[] {
  const items: { key: string; lines: string[]; doc: string | undefined }[] = []
  for (const member of all) {
    if (!isPublic(member)) continue
    const key = keyOf(member, module)
    const doc = module.docstrings.get(member.start)
    const line = memberLine(member, module, addresses, owner)
    const before = items.at(-1)
    if (before !== undefined && before.key === key && doc === undefined) {
      // The setter says nothing that its getter has not said.
      if (!isSetter(member)) before.lines.push(line)
    } else items.push({ key, lines: [line], doc })
  }
  if (items.length === 0) return []
  const text = items.map(({ lines, doc }) => {
    const about = doc === undefined ? [] : [prose(doc, module, addresses)]
    return `- ${[...lines, ...about].join('\\\n').replace(/\n(?=.)/g, '\n  ')}`
  })
  return [text.join('\n')]
}

function memberLine(member: Member, module: Module, addresses: Addresses, owner: string): string {
  const modifiers =
    /^(?:(?:declare|override|readonly|static|get|set) )*/.exec(module.code.slice(member.start))?.[0] ?? ''
  const start = member.start + modifiers.length
  const prefix = modifiers.includes('static ') ? 'static ' : ''
  if (member.type === 'MethodDefinition' && member.kind === 'constructor') {
    const open = module.code.indexOf('(', start)
    return codeLine(module, [[open, member.end]], addresses, `new ${owner}`)
  }
  if (member.type === 'MethodDefinition' && member.kind === 'get') {
    // As a property, which it is for those who use it.
    const type = member.value.returnType ?? member.value
    const open = module.code.indexOf('()', start)
    return codeLine(
      module,
      [
        [start, open],
        [type.start, type.end],
      ],
      addresses,
      prefix,
    )
  }
  const line = codeLine(module, [[start, member.end]], addresses, prefix)
  return isWritable(member) ? `${line} (may be assigned)` : line
}

function isPublic(member: Member): boolean {
  if ('accessibility' in member && member.accessibility === 'private') return false
  return !('key' in member && member.key.type === 'PrivateIdentifier')
}

function isSetter(member: Member): boolean {
  return member.type === 'MethodDefinition' && member.kind === 'set'
}

function isWritable(member: Member): boolean {
  return (member.type === 'TSPropertySignature' || member.type === 'PropertyDefinition') && !member.readonly
}

function keyOf(member: Member, { code }: Module): string {
  return 'key' in member ? code.slice(member.key.start, member.key.end) : ''
}

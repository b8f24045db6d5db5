import type { ESTree } from 'rolldown/utils'
import type { Declaration, Module } from './module.ts'
import { type Addresses, codeLine, prose } from './text.ts'

type Member = ESTree.TSSignature | ESTree.ClassElement

const WRITABLE = ' (may be assigned)'

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
  // Where nothing is read-only it goes without saying that all may be assigned: a record.
  const sayWritable = all.some((member) => isPublic(member) && isReadOnly(member))
  const items: { key: string; lines: string[]; doc: string | undefined }[] = []
  for (const member of all) {
    if (!isPublic(member) || (isConstructor(member) && addresses.namesHidden(module, member))) continue
    const key = keyOf(member, module)
    const doc = module.docstrings.get(member.start)
    const line = memberLine(member, module, addresses, owner) + (sayWritable && isWritable(member) ? WRITABLE : '')
    const before = items.at(-1)
    if (before !== undefined && before.key === key && doc === undefined) {
      // A getter and its setter are one property.
      if (isAccessor(member, 'set')) before.lines = before.lines.map((getter) => `${getter}${WRITABLE}`)
      else before.lines.push(line)
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
  if (isConstructor(member)) {
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
  if (member.type === 'MethodDefinition' && member.kind === 'set') {
    const [value] = member.value.params
    const key: [number, number] = [start, module.code.indexOf('(', start)]
    const type = value !== undefined && 'typeAnnotation' in value ? value.typeAnnotation : undefined
    return codeLine(module, type ? [key, [type.start, type.end]] : [key], addresses, prefix)
  }
  return codeLine(module, [[start, member.end]], addresses, prefix)
}

function isPublic(member: Member): boolean {
  if ('accessibility' in member && member.accessibility === 'private') return false
  return !('key' in member && member.key.type === 'PrivateIdentifier')
}

function isConstructor(member: Member): boolean {
  return member.type === 'MethodDefinition' && member.kind === 'constructor'
}

function isAccessor(member: Member, kind: 'get' | 'set'): boolean {
  return member.type === 'MethodDefinition' && member.kind === kind
}

function isProperty(member: Member): member is ESTree.TSPropertySignature | ESTree.PropertyDefinition {
  return member.type === 'TSPropertySignature' || member.type === 'PropertyDefinition'
}

function isReadOnly(member: Member): boolean {
  return isProperty(member) ? member.readonly === true : isAccessor(member, 'get')
}

function isWritable(member: Member): boolean {
  return isProperty(member) ? member.readonly !== true : isAccessor(member, 'set')
}

function keyOf(member: Member, { code }: Module): string {
  return 'key' in member ? code.slice(member.key.start, member.key.end) : ''
}

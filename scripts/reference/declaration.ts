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
    if (!isPublic(member) || (isMethod(member, 'constructor') && addresses.namesHidden(module, member))) continue
    const key = keyOf(member, module)
    const doc = module.docstrings.get(member.start)
    const line = memberLine(member, module, addresses, owner) + (sayWritable && isWritable(member) ? WRITABLE : '')
    const before = items.at(-1)
    if (before !== undefined && before.key === key && doc === undefined) {
      // A getter and its setter are one property.
      if (isMethod(member, 'set')) before.lines = before.lines.map((getter) => `${getter}${WRITABLE}`)
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
  const open = module.code.indexOf('(', start)
  const line = (...pieces: (readonly [number, number])[]): string => codeLine(module, pieces, addresses, prefix)
  if (isMethod(member, 'constructor')) return codeLine(module, [[open, member.end]], addresses, `new ${owner}`)
  // As a property, which it is for those who use it.
  const type = typeOfAccessor(member)
  return type ? line([start, open], [type.start, type.end]) : line([start, member.end])
}

/** What a getter gives or a setter takes; null for what is neither. */
function typeOfAccessor(member: Member): ESTree.TSTypeAnnotation | null {
  if (member.type !== 'MethodDefinition') return null
  if (member.kind === 'get') return member.value.returnType ?? null
  const [parameter] = member.kind === 'set' ? member.value.params : []
  return (parameter !== undefined && 'typeAnnotation' in parameter && parameter.typeAnnotation) || null
}

function isPublic(member: Member): boolean {
  if ('accessibility' in member && (member.accessibility ?? 'public') !== 'public') return false
  return !('key' in member && member.key.type === 'PrivateIdentifier')
}

function isMethod(member: Member, kind: 'constructor' | 'get' | 'set'): boolean {
  return member.type === 'MethodDefinition' && member.kind === kind
}

function isProperty(member: Member): member is ESTree.TSPropertySignature | ESTree.PropertyDefinition {
  return member.type === 'TSPropertySignature' || member.type === 'PropertyDefinition'
}

function isReadOnly(member: Member): boolean {
  return isProperty(member) ? member.readonly === true : isMethod(member, 'get')
}

function isWritable(member: Member): boolean {
  return isProperty(member) ? member.readonly !== true : isMethod(member, 'set')
}

function keyOf(member: Member, { code }: Module): string {
  return 'key' in member ? code.slice(member.key.start, member.key.end) : ''
}

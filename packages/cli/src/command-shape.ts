import type { Argument, Command, Option } from 'commander'

/** What a value can be completed with. */
export type ValueKind =
  | { readonly kind: 'file' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  /** Something that only the user knows: a name, a number, a path of a session. */
  | { readonly kind: 'free' }

export interface OptionShape {
  /** `-d`, `--dir` */
  readonly flags: readonly string[]
  /** `<DIR>`, undefined for one without a value. */
  readonly placeholder?: string
  readonly value?: ValueKind
  readonly description: string
  /** What holds when it is left out, if there is anything to say. */
  readonly standard?: string
  readonly mandatory: boolean
  /** Heading in the help. */
  readonly group?: string
}

export interface ArgumentShape {
  /** `<URI>`, `[FILE...]` */
  readonly placeholder: string
  readonly value: ValueKind
  readonly description: string
  readonly repeated: boolean
}

/** A command with everything that help, completion and man pages say of it. */
export interface CommandShape {
  /** `['relay', 'user', 'add']`; empty for `msrp` itself. */
  readonly words: readonly string[]
  readonly summary: string
  readonly description: string
  readonly usage: string
  readonly options: readonly OptionShape[]
  readonly arguments: readonly ArgumentShape[]
  readonly commands: readonly CommandShape[]
  /** The text behind the help: examples and what there is to know beside. */
  readonly after: string
}

/** Reads the shape of a program off its commands, so that nothing that is made from it can say anything else. */
export function shapeOf(command: Command, words: readonly string[] = []): CommandShape {
  const help = command.createHelp()
  return {
    words,
    summary: command.summary() || command.description(),
    description: command.description(),
    usage: help.commandUsage(command),
    options: help.visibleOptions(command).map(optionShape),
    arguments: command.registeredArguments.map(argumentShape),
    commands: help
      .visibleCommands(command)
      .filter((child) => child.name() !== 'help')
      .map((child) => shapeOf(child, [...words, child.name()])),
    after: textBehindHelp(command),
  }
}

/** The command and all below it, those above first. */
export function withDescendants(shape: CommandShape): CommandShape[] {
  return [shape, ...shape.commands.flatMap(withDescendants)]
}

function optionShape(option: Option): OptionShape {
  const placeholder = /[<[].*[>\]]$/.exec(option.flags)?.[0]
  const standard = option.defaultValueDescription ?? defaultText(option.defaultValue)
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    ...(placeholder === undefined ? {} : { placeholder, value: valueKind(placeholder, option.argChoices) }),
    description: option.description,
    ...(standard === undefined ? {} : { standard }),
    mandatory: option.mandatory,
    ...(option.helpGroupHeading === undefined ? {} : { group: option.helpGroupHeading }),
  }
}

function argumentShape(argument: Argument): ArgumentShape {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  const placeholder = argument.required ? `<${name}>` : `[${name}]`
  return {
    placeholder,
    value: valueKind(placeholder, argument.argChoices),
    description: argument.description,
    repeated: argument.variadic,
  }
}

/** Placeholders are words that users read, and the same words say what fits. */
function valueKind(placeholder: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return { kind: 'choice', choices }
  if (/^[<[]FILE\b/.test(placeholder)) return { kind: 'file' }
  if (/^[<[](DIR|FOLDER)\b/.test(placeholder)) return { kind: 'folder' }
  return { kind: 'free' }
}

function defaultText(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}

/** Commander prints it with the help and gives it to nobody by itself. */
function textBehindHelp(command: Command): string {
  let printed = ''
  const output = command.configureOutput()
  command.configureOutput({ ...output, writeOut: (text) => (printed += text) })
  command.outputHelp()
  command.configureOutput(output)
  return printed.slice(command.helpInformation().length).trim()
}

import { type CommandShape, type OptionShape, type ValueKind, withDescendants } from '../command-shape.ts'

/*
 * The script walks over the words before the cursor to find which command they belong to, passing over the values of
 * options, and looks up in tables what may come. The tables are `case`s over "COMMAND WORD", so bash 3 understands them.
 */

/** Completion for bash: to be sourced, or put where bash-completion looks for it under the name `msrp`. */
export function bashCompletion(program: CommandShape): string {
  const shapes = withDescendants(program)
  return `# bash completion of msrp, made by: msrp completion bash
_msrp() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local at='' word skip='' index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$at $word" in
${indent(commandCases(shapes), 6)}
${indent(valueCases(shapes), 6)}
    esac
  done
  COMPREPLY=()
  if [[ -n $skip ]]; then
    case "$at $previous" in
${indent(offerCases(shapes), 6)}
    esac
    return
  fi
  if [[ $current == -* ]]; then
    case "$at" in
${indent(optionCases(shapes), 6)}
    esac
    return
  fi
  case "$at" in
${indent(argumentCases(shapes), 4)}
  esac
}
complete -F _msrp msrp
`
}

function commandCases(shapes: readonly CommandShape[]): string[] {
  return shapes
    .filter(({ words }) => words.length > 0)
    .map(({ words }) => `'${[words.slice(0, -1).join('/'), words.at(-1)].join(' ')}') at='${words.join('/')}' ;;`)
}

/** Options whose next word is a value. */
function valueCases(shapes: readonly CommandShape[]): string[] {
  return shapes.flatMap((shape) => {
    const patterns = withValue(shape).flatMap(({ flags }) => flags.map((flag) => `'${place(shape)} ${flag}'`))
    return patterns.length === 0 ? [] : [`${patterns.join('|')}) skip=1 ;;`]
  })
}

function offerCases(shapes: readonly CommandShape[]): string[] {
  return shapes.flatMap((shape) =>
    withValue(shape).flatMap(({ flags, value }) => {
      const offer = value && compgen(value)
      const patterns = flags.map((flag) => `'${place(shape)} ${flag}'`).join('|')
      return offer === undefined ? [] : [`${patterns}) ${offer} ;;`]
    }),
  )
}

function optionCases(shapes: readonly CommandShape[]): string[] {
  return shapes.map((shape) => {
    const flags = shape.options.flatMap((option) => option.flags)
    return `'${place(shape)}') COMPREPLY=($(compgen -W '${flags.join(' ')}' -- "$current")) ;;`
  })
}

function argumentCases(shapes: readonly CommandShape[]): string[] {
  return shapes.flatMap((shape) => {
    if (shape.commands.length > 0) {
      const names = shape.commands.map(({ words }) => words.at(-1)).join(' ')
      return [`'${place(shape)}') COMPREPLY=($(compgen -W '${names}' -- "$current")) ;;`]
    }
    const offers = shape.arguments.map(({ value }) => compgen(value)).filter((offer) => offer !== undefined)
    return offers.length === 0 ? [] : [`'${place(shape)}') ${offers[0]} ;;`]
  })
}

function compgen(value: ValueKind): string | undefined {
  // Line by line, since names may hold spaces, and with bash's own quoting of them.
  const names = (what: string): string =>
    `compopt -o filenames 2>/dev/null; local IFS=$'\\n'; COMPREPLY=($(compgen ${what} -- "$current"))`
  switch (value.kind) {
    case 'file':
      return names('-f')
    case 'folder':
      return names('-d')
    case 'choice':
      return `COMPREPLY=($(compgen -W '${value.choices.join(' ')}' -- "$current"))`
    case 'free':
      return undefined
    default:
      return value satisfies never
  }
}

function withValue({ options }: CommandShape): OptionShape[] {
  return options.filter(({ placeholder }) => placeholder !== undefined)
}

function place({ words }: CommandShape): string {
  return words.join('/')
}

function indent(lines: readonly string[], columns: number): string {
  return lines.map((line) => `${' '.repeat(columns)}${line}`).join('\n')
}

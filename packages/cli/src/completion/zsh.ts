import { type CommandShape, type OptionShape, type ValueKind, withDescendants } from '../command-shape.ts'

/** Completion for zsh: a function `_msrp` for a folder of `fpath`. */
export function zshCompletion(program: CommandShape): string {
  return `#compdef msrp
# zsh completion of msrp, made by: msrp completion zsh

${withDescendants(program).map(functionOf).join('\n')}
# Loaded by the completion system the file is the function; sourced, it says whose completion it is.
if [[ $funcstack[1] == _msrp ]]; then
  _msrp "$@"
else
  compdef _msrp msrp
fi
`
}

function functionOf(shape: CommandShape): string {
  const specs = [...shape.options.map(optionSpec), ...argumentSpecs(shape)]
  const lines = specs.map((spec) => ` \\\n    ${spec}`).join('')
  if (shape.commands.length === 0) return `${functionName(shape)}() {\n  _arguments -s -S${lines}\n}\n`
  const described = shape.commands.map(({ words, summary }) => `    ${quoted(`${words.at(-1)}:${summary}`)}`).join('\n')
  const calls = shape.commands.map((child) => `    ${child.words.at(-1)}) ${functionName(child)} ;;`).join('\n')
  return `${functionName(shape)}() {
  local context state state_descr line
  typeset -A opt_args
  local -a commands=(
${described}
  )
  _arguments -C${lines}
  case $state in
  command) _describe -t commands command commands ;;
  words)
    case $line[1] in
${calls}
    esac
    ;;
  esac
}
`
}

function optionSpec(option: OptionShape): string {
  const { flags, description, placeholder, value } = option
  const text = description.replace(/[[\]\\:]/g, '\\$&')
  const action = placeholder === undefined ? '' : `:${messageOf(placeholder)}:${value ? actionOf(value) : ''}`
  // An option that was given is not offered again, unless it may be.
  const exclusive = /may be repeated/.test(description)
    ? quoted('*')
    : flags.length > 1
      ? quoted(`(${flags.join(' ')})`)
      : ''
  const names = flags.length > 1 ? `{${flags.join(',')}}` : (flags[0] ?? '')
  return `${exclusive}${names}${quoted(`[${text}]${action}`)}`
}

function argumentSpecs({ commands, arguments: expected }: CommandShape): string[] {
  if (commands.length > 0) return [quoted('1:command:->command'), quoted('*::argument:->words')]
  return expected.map(({ placeholder, repeated, value }, index) =>
    quoted(`${repeated ? '*' : index + 1}:${messageOf(placeholder)}:${actionOf(value)}`),
  )
}

function actionOf(value: ValueKind): string {
  switch (value.kind) {
    case 'file':
      return '_files'
    case 'folder':
      return '_files -/'
    case 'choice':
      return `(${value.choices.join(' ')})`
    case 'free':
      return ' '
    default:
      return value satisfies never
  }
}

function functionName({ words }: CommandShape): string {
  return ['_msrp', ...words].join('_')
}

/** What stands above the list of possible values. */
function messageOf(placeholder: string): string {
  return placeholder.replace(/[[\]<>.]/g, '').toLowerCase()
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

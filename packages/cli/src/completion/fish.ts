import { type CommandShape, type OptionShape, type ValueKind, withDescendants } from '../command-shape.ts'

/** Completion for fish: a file `msrp.fish` for one of its folders of completions. */
export function fishCompletion(program: CommandShape): string {
  const shapes = withDescendants(program)
  return `# fish completion of msrp, made by: msrp completion fish

# The command that the words before the cursor belong to, such as relay/user; values of options are passed over.
function __msrp_at
    set -l at ''
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch "$at $word"
${shapes.flatMap(walk).join('\n')}
        end
    end
    echo $at
end

function __msrp_is
    test (__msrp_at) = "$argv[1]"
end

complete -c msrp -f
${shapes.flatMap(linesFor).join('\n')}
`
}

function walk(shape: CommandShape): string[] {
  const { words, options } = shape
  const own =
    words.length === 0
      ? []
      : [
          `            case '${words.slice(0, -1).join('/')} ${words.at(-1)}'`,
          `                set at ${words.join('/')}`,
        ]
  const patterns = options
    .filter(({ placeholder }) => placeholder !== undefined)
    .flatMap(({ flags }) => flags.map((flag) => `'${words.join('/')} ${flag}'`))
  return patterns.length === 0 ? own : [...own, `            case ${patterns.join(' ')}`, '                set skip 1']
}

function linesFor(shape: CommandShape): string[] {
  const start = `complete -c msrp -n '__msrp_is "${shape.words.join('/')}"'`
  const commands = shape.commands.map(({ words, summary }) => `${start} -a ${words.at(-1)} -d ${quoted(summary)}`)
  const values = shape.commands.length > 0 ? [] : shape.arguments.map(({ value }) => `${start} ${offer(value)}`)
  return [
    ...commands,
    ...shape.options.map((option) => `${start} ${optionWords(option)}`),
    ...values.filter((line) => !line.endsWith(' ')),
  ]
}

function optionWords({ flags, description, value }: OptionShape): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`)).join(' ')
  const takes = value === undefined ? '' : ` -x${value.kind === 'free' ? '' : ` ${offer(value)}`}`
  return `${names}${takes} -d ${quoted(description)}`
}

function offer(value: ValueKind): string {
  switch (value.kind) {
    case 'file':
      return "-a '(__fish_complete_path (commandline -ct))'"
    case 'folder':
      return "-a '(__fish_complete_directories (commandline -ct))'"
    case 'choice':
      return `-a ${quoted(value.choices.join(' '))}`
    case 'free':
      return ''
    default:
      return value satisfies never
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

import { type CommandShape, type OptionShape, withDescendants } from '../../packages/cli/src/command-shape.ts'
import type { ReferenceTable } from '../../packages/relay/src/config/reference.ts'
import { bold, heading, italic, item, line, literal, manPage, paragraph, subheading, tableHeading } from './roff.ts'

/** What pages are made from. */
export interface ManSource {
  /** Shape of `msrp` with all its commands. */
  readonly program: CommandShape
  readonly settings: readonly ReferenceTable[]
  readonly version: string
  /** Day of the release, `YYYY-MM-DD`. */
  readonly date: string
}

/** The man pages by the names of their files: `msrp.1`, `msrp-relay.8`, `relay.toml.5`. */
export function manPages(source: ManSource): Record<string, string> {
  return { 'msrp.1': msrp(source), 'msrp-relay.8': msrpRelay(source), 'relay.toml.5': relayToml(source) }
}

function msrp(source: ManSource): string {
  const { program } = source
  const relay = program.commands.find(isRelay)
  const commands = program.commands.filter((command) => !isRelay(command)).flatMap(withDescendants)
  return page(source, 'msrp', 1, 'User Commands', [
    heading('Name'),
    'msrp \\- chat and send files of any size over MSRP, run a relay and probe it',
    heading('Synopsis'),
    ...commands.map((command) => synopsis(command)),
    ...(relay === undefined ? [] : [synopsis(relay)]),
    heading('Description'),
    paragraph(program.description),
    paragraph(
      'Results go to standard output, everything else to standard error. A session needs the path that the other side printed, or that signalling brought; put it in single quotes, since it holds semicolons.',
    ),
    heading('Commands'),
    ...commands.flatMap(commandPart),
    ...(relay === undefined ? [] : [subheading('msrp relay'), paragraph(`${relay.description} See msrp-relay(8).`)]),
    heading('Environment'),
    item(bold('MSRP_PASSWORD'), 'The password, where no option names a file with it.'),
    item(bold('NO_COLOR'), 'Any value turns colours off.'),
    heading('Notes'),
    literal(program.after),
    heading('See also'),
    'msrp\\-relay(8), relay.toml(5)',
  ])
}

function msrpRelay(source: ManSource): string {
  const relay = source.program.commands.find(isRelay)
  if (relay === undefined) throw new Error('there is no command "relay"')
  const commands = withDescendants(relay)
  return page(source, 'msrp-relay', 8, 'System Administration', [
    heading('Name'),
    'msrp\\-relay \\- a relay for MSRP (RFC 4976)',
    heading('Synopsis'),
    ...commands.map((command) => synopsis(command)),
    heading('Description'),
    paragraph(
      'Clients behind NATs connect to the relay over TLS, authenticate, and get a URI under which their peers reach them. The relay forwards bytes as they come, keeps no messages, and tells senders the truth about what did not get through.',
    ),
    paragraph(relay.description),
    heading('Commands'),
    ...commands.flatMap(commandPart),
    heading('Signals'),
    item(
      bold('SIGTERM'),
      'The relay stops in order: nothing more is accepted, what is queued goes out for as long as the setting `drain` allows. A second signal ends it at once.',
    ),
    item(
      bold('SIGHUP'),
      'Configuration, certificates and users are read again; running sessions are not disturbed. A file with mistakes changes nothing. What waits for the next start is named in the log.',
    ),
    heading('Exit status'),
    paragraph(
      '0 after a stop in order, 2 when the configuration is wrong, 3 when a file cannot be read, 4 when state cannot be written, 5 when a port is taken. All are in msrp(1).',
    ),
    heading('Environment'),
    item(
      bold('NOTIFY_SOCKET'),
      'Set by systemd: where the relay tells that it serves, reads its configuration again, or stops.',
    ),
    heading('Files'),
    item(italic('/etc/msrp-relay/relay.toml'), 'Configuration, see relay.toml(5).'),
    item(italic('/etc/msrp-relay/tls'), 'Certificates and keys, readable for the group msrp-relay.'),
    item(
      italic('/var/lib/msrp-relay'),
      'State: the database of users, and the authority and certificate of a relay that is given none.',
    ),
    item(
      italic('/var/log/msrp-relay'),
      'For files that the configuration has written there; the service can write nothing but these and the state.',
    ),
    item(
      italic('/lib/systemd/system/msrp-relay.service'),
      'The service. It runs as the user msrp-relay and logs to the journal.',
    ),
    heading('See also'),
    'msrp(1), relay.toml(5), systemctl(1), journalctl(1)',
  ])
}

function relayToml(source: ManSource): string {
  return page(source, 'relay.toml', 5, 'File Formats', [
    heading('Name'),
    'relay.toml \\- settings of the MSRP relay',
    heading('Description'),
    paragraph(
      'The file is TOML. What is left out has its default, so a file needs only what differs. Relative paths count from the folder of the file. A key that does not exist is an error; `msrp relay check` tells all that is wrong, with lines.',
    ),
    ...source.settings.flatMap(({ heading: title, about, keys }) => [
      title === '' ? heading('Before all tables') : tableHeading(title),
      ...(about === '' ? [] : [paragraph(about)]),
      ...keys.map(({ name, about: what, expected, value, leftOut }) => {
        const standard =
          value === undefined
            ? leftOut === undefined
              ? 'It has to be given.'
              : `Left out: ${leftOut}.`
            : `Left out: \`${value}\`.`
        return item(bold(name), `${sentence(what)} Value: ${expected.replace(/\.$/, '')}. ${standard}`)
      }),
    ]),
    heading('See also'),
    'msrp\\-relay(8)',
  ])
}

function page(source: ManSource, name: string, section: number, manual: string, body: readonly string[]): string {
  return manPage({ name, section, date: source.date, source: `msrp ${source.version}`, manual, body })
}

function synopsis({ usage, words }: CommandShape): string {
  const [name, rest] = [['msrp', ...words].join(' '), usage.slice(['msrp', ...words].join(' ').length)]
  return `.PP\n${bold(name)}${line(rest) === '' ? '' : ` ${line(rest)}`}`
}

function commandPart(command: CommandShape): string[] {
  const { words, description, options, after } = command
  return [
    subheading(['msrp', ...words].join(' ')),
    paragraph(description),
    ...command.arguments.map((argument) => item(italic(argument.placeholder), sentence(argument.description))),
    ...options.map((option) => item(optionTerm(option), optionText(option))),
    ...(after === '' ? [] : [literal(after)]),
  ]
}

function optionTerm({ flags, placeholder }: OptionShape): string {
  return `${flags.map(bold).join(', ')}${placeholder === undefined ? '' : ` ${italic(placeholder.replace(/[<>]/g, ''))}`}`
}

function optionText({ description, standard, value, mandatory }: OptionShape): string {
  const choices = value?.kind === 'choice' ? ` One of: ${value.choices.join(', ')}.` : ''
  const left = standard === undefined ? '' : ` Left out: ${standard}.`
  return `${sentence(description)}${choices}${left}${mandatory ? ' Has to be given.' : ''}`
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(whole) ? whole : `${whole}.`
}

function isRelay({ words }: CommandShape): boolean {
  return words[0] === 'relay'
}

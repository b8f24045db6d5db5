import { isAbsolute, relative, sep } from 'node:path'
import type { ListenSettings } from '../config/index.ts'
import type { TryoutUser } from './user-database.ts'

/** What the welcome tells. */
export interface WelcomeFacts {
  /** Host name that clients use, as in the relay's certificate. */
  readonly name: string
  /** Port that clients use. */
  readonly port: number
  /** Listeners with the ports they really got. */
  readonly listeners: readonly Pick<ListenSettings, 'host' | 'port' | 'transport'>[]
  readonly stateFolder: string
  /** For `--ca`. Undefined when the certificate comes from an authority that clients know. */
  readonly authorityFile?: string
  /** Users to show the commands for; placeholders stand in for absent ones. */
  readonly tryout: readonly TryoutUser[]
}

/** How the welcome is written. */
export interface WelcomeStyle {
  /** The folder in which the reader will paste the commands; paths inside it are shown relative to it. */
  readonly currentFolder: string
  /** How the command line tool is called here: `npx msrp` in a clone, `msrp` where it is installed. */
  readonly command: string
  readonly colour: boolean
}

/**
 * The lines that greet whoever starts a relay on a terminal: where it listens, where its state is, and commands to
 * paste that receive, send and chat through it. It holds no secret.
 */
export function welcome(facts: WelcomeFacts, style: WelcomeStyle): string {
  const { bold, dim } = style.colour ? { bold: sgr(1), dim: sgr(2) } : { bold: plain, dim: plain }
  const [receiver, sender] = commandUsers(facts.tryout)
  const options = (user: TryoutUser): string[] => [
    ...['--relay', relayUri(facts)],
    ...['--user', user.address],
    ...(user.passwordFile === undefined ? [] : ['--password-file', shortPath(user.passwordFile, style)]),
    ...(facts.authorityFile === undefined ? [] : ['--ca', shortPath(facts.authorityFile, style)]),
  ]
  const command = (words: readonly string[]): string => `  ${style.command} ${words.map(shellWord).join(' ')}`
  const listening = facts.listeners.map(({ host, port, transport }) => `${transport} ${authority(host, port)}`)
  // Neither npx nor a relative path works elsewhere.
  const belongsHere = style.command.startsWith('npx ') || shortPath(facts.stateFolder, style) !== facts.stateFolder

  return [
    bold(`MSRP relay ${relayUri(facts)}`),
    `  listens on  ${listening.join(', ')}`,
    `  state in    ${shortPath(facts.stateFolder, style)}`,
    '',
    `Try it with two more terminals${belongsHere ? ' in this folder' : ''}.`,
    '',
    bold('Send a file') + dim("   the receiver first; the --to '…' that it prints replaces --to 'PATH' for the sender"),
    command(['receive', '--dir', 'received', ...options(receiver)]),
    `${command(['send', 'FILE', ...options(sender)])} --to 'PATH'`,
    '',
    bold('Chat') + dim('          the same way'),
    command(['chat', ...options(receiver)]),
    `${command(['chat', ...options(sender)])} --to 'PATH'`,
    '',
    dim('Ctrl-C stops the relay.'),
    '',
  ].join('\n')
}

/** A word for a POSIX shell, in quotes only when it needs them. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

function relayUri(facts: WelcomeFacts): string {
  return `msrps://${authority(facts.name, facts.port)};tcp`
}

function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

function commandUsers(tryout: readonly TryoutUser[]): [TryoutUser, TryoutUser] {
  const [first, second] = tryout
  const placeholder = { address: 'NAME@DOMAIN' }
  // The second receives: of alice and bob it is alice who has something to say.
  return [second ?? placeholder, first ?? placeholder]
}

function shortPath(path: string, style: WelcomeStyle): string {
  const inside = relative(style.currentFolder, path)
  return inside === '' || isAbsolute(inside) || inside === '..' || inside.startsWith(`..${sep}`) ? path : inside
}

const plain = (text: string): string => text

function sgr(code: number): (text: string) => string {
  return (text) => `\u001b[${code}m${text}\u001b[0m`
}

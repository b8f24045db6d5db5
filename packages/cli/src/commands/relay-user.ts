import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import { storageError } from 'msrp/node'
import type { Ha1, UserAddress, UserDatabase } from 'msrp-relay'
import type { Context } from '../context.ts'
import { Failure } from '../failure.ts'
import { relaySettings } from '../options/relay-config.ts'
import { askSilently, canAsk, passwordFromFile, passwordFromStandardInput } from '../password.ts'
import type { Output } from '../terminal/output.ts'

interface UserOptions {
  config?: string
  json?: boolean
  passwordFile?: string
  generate?: boolean
  ha1?: boolean
}

/** What `add` and `passwd` do with a password, or with what a SIP proxy stored of one. */
interface Change {
  done: string
  /** Whether a database that is missing is made. */
  create?: boolean
  password(database: UserDatabase, user: UserAddress, password: string): Promise<void>
  ha1(database: UserDatabase, user: UserAddress, ha1: Ha1): Promise<void>
}

type Action = (database: UserDatabase, user: UserAddress) => Promise<void>

const examples = `
Examples:
  msrp relay user add carol@localhost                          # asks for the password, twice
  msrp relay user add carol@localhost --generate               # makes one, stores it in a private file
  pwgen 20 1 | msrp relay user passwd carol@localhost          # from standard input
  msrp relay user add carol@example.com --ha1 < ha1            # as a SIP proxy's table has it
  msrp relay user list

A relay that runs sees changes at once.`

/** `msrp relay user`: the users in a relay's database. */
export function userCommand(context: Context): Command {
  const { output } = context
  const command = new Command('user').summary('manage users').description("Manage the users in the relay's database.")
  command
    .addCommand(
      withPassword(new Command('add').description('add a user')).action((name: string, options: UserOptions) =>
        setPassword(name, options, output, {
          done: 'added',
          create: true,
          password: (database, user, password) => database.add({ ...user, password }),
          ha1: (database, user, ha1) => database.add({ ...user, ha1 }),
        }),
      ),
    )
    .addCommand(
      withPassword(new Command('passwd').description('give a user another password')).action(
        (name: string, options: UserOptions) =>
          setPassword(name, options, output, {
            done: 'changed the password of',
            password: (database, user, password) => database.setPassword(user, password),
            ha1: (database, user, ha1) => database.setHa1(user, ha1),
          }),
      ),
    )
    .addCommand(
      withConfig(new Command('remove').description('remove a user').argument('<NAME@DOMAIN>', 'the user')).action(
        (name: string, options: UserOptions) =>
          withUser(name, options, async (database, user) => {
            await database.remove(user)
            output.say(`removed ${name}`)
          }),
      ),
    )
    .addCommand(
      withConfig(new Command('list').description('list all users'))
        .option('--json', 'print one JSON object a line')
        .action((options: UserOptions) => list(options, output)),
    )
  return command.addHelpText('after', examples)
}

function withConfig(command: Command): Command {
  return command.option('--config <FILE>', 'settings of the relay (TOML), which name the database')
}

function withPassword(command: Command): Command {
  return withConfig(command)
    .argument('<NAME@DOMAIN>', 'the user, such as carol@localhost')
    .option(
      '--password-file <FILE>',
      'file whose first line is the password; else it is asked for or read from standard input',
    )
    .option('--generate', 'make a random password and store it in a file beside the database, mode 0600')
    .option('--ha1', 'what is given is not a password but its H(A1), the MD5 of user:domain:password in hexadecimal')
}

/** `create`: whether a database that the configuration names is made where there is none. */
async function withDatabase<T>(
  options: UserOptions,
  action: (database: UserDatabase) => Promise<T>,
  { create = false } = {},
): Promise<T> {
  const { openRelayUsers } = await import('msrp-relay')
  await using database = await openRelayUsers(await relaySettings(options.config), { create })
  return await action(database)
}

async function withUser(name: string, options: UserOptions, action: Action, create = false): Promise<void> {
  const { parseUserAddress } = await import('msrp-relay')
  const user = parseUserAddress(name)
  await withDatabase(options, (database) => action(database, user), { create })
}

/** Somebody of a domain that the relay does not serve cannot log in, and nothing else would tell. */
async function warnOfDomain(name: string, { config }: UserOptions, output: Output): Promise<void> {
  const { parseUserAddress } = await import('msrp-relay')
  const { domain } = parseUserAddress(name)
  const { realm, domains, unlistedDomains } = await relaySettings(config)
  const served = [realm, ...domains.map((one) => one.realm)]
  if (unlistedDomains || served.includes(domain.toLowerCase())) return
  output.warn(
    `the relay does not serve users of ${domain}, only those of ${served.join(', ')}: see realm and [[domains]]`,
  )
}

async function setPassword(name: string, options: UserOptions, output: Output, change: Change): Promise<void> {
  if (options.generate && (options.passwordFile !== undefined || options.ha1)) {
    const other = options.ha1 ? '--ha1' : '--password-file'
    throw new Failure('usage', `give --generate or ${other}, not both`)
  }
  const apply: Action = async (database, user) => {
    if (options.generate) {
      const file = await storeGenerated(database, user, (password) => change.password(database, user, password))
      output.say(`${change.done} ${name}; the password is in ${file}`)
      return
    }
    const given = await newPassword(name, options, output)
    const { parseHa1 } = await import('msrp-relay')
    await (options.ha1 ? change.ha1(database, user, parseHa1(given)) : change.password(database, user, given))
    output.say(`${change.done} ${name}`)
  }
  await withUser(name, options, apply, change.create)
  if (change.create) await warnOfDomain(name, options, output)
}

async function newPassword(name: string, options: UserOptions, output: Output): Promise<string> {
  if (options.passwordFile !== undefined) return passwordFromFile(options.passwordFile, output)
  if (!canAsk()) return passwordFromStandardInput()
  const password = await askSilently(`New ${options.ha1 ? 'H(A1)' : 'password'} for ${name}: `)
  if (options.ha1) return password
  if ((await askSilently('The same again: ')) !== password)
    throw new Failure('usage', 'these were two different passwords')
  return password
}

/** Writes the password down first and names the file last, so that no user is left with a password nobody knows. */
async function storeGenerated(
  database: UserDatabase,
  { username, domain }: UserAddress,
  apply: (password: string) => Promise<void>,
): Promise<string> {
  const { generatePassword } = await import('msrp-relay')
  const password = generatePassword()
  const folder = dirname(database.path)
  const file = join(folder, `${username}@${domain}.password`)
  const temporary = join(folder, `.${randomBytes(9).toString('base64url')}.tmp`)
  try {
    await writeFile(temporary, `${password}\n`, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
      throw storageError(folder, error)
    })
    await apply(password)
    await rename(temporary, file)
    return file
  } finally {
    await rm(temporary, { force: true })
  }
}

async function list(options: UserOptions, output: Output): Promise<void> {
  const { formatUserAddress } = await import('msrp-relay')
  const users = await withDatabase(options, (database) => database.list())
  const width = Math.max(0, ...users.map((user) => formatUserAddress(user).length))
  for (const user of users) {
    const created = user.created.toISOString()
    output.event({ event: 'user', user: formatUserAddress(user), created })
    if (!output.json) output.print(`${formatUserAddress(user).padEnd(width)}  since ${created.slice(0, 10)}`)
  }
  if (users.length === 0) output.say('There are no users.')
}

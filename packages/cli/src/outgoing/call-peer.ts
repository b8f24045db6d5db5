import { type ConnectOptions, type Endpoint, MsrpError, type Session } from 'msrp'

/**
 * Opens a session to the peer. A peer without a relay that closes the connection before it has answered anything gets a
 * hint into its error: a TLS port does just that with a request in the clear.
 */
export async function callPeer(endpoint: Endpoint, options: ConnectOptions & { path: string }): Promise<Session> {
  try {
    return await endpoint.connect(options)
  } catch (error) {
    const direct = options.relay === undefined && !options.path.includes(' ')
    if (!direct || !(error instanceof MsrpError) || error.code !== 'connection-lost') throw error
    const hint = /^msrps:/i.test(options.path)
      ? 'Is it an MSRP peer, and is the path still valid?'
      : 'Does it expect TLS there (msrps, not msrp)?'
    throw new MsrpError(error.code, `${error.message} without a word. ${hint}`, { cause: error })
  }
}

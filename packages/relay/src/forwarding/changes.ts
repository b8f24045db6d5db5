/**
 * Counts what changes the way of paths that have one already: the holder of a token uses it over another connection, or a
 * peer comes over another one. As long as the count is the same, the same paths from the same connection go the same way.
 * The end of a token or a connection needs no counting: it ends the flows.
 */
export class Changes {
  count = 0
}

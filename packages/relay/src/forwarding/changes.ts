/**
 * Counts whatever a decision of `route` may depend on: tokens that come and go, who holds them, who their peers are, and
 * connections. As long as the count is the same the same paths go the same way.
 */
export class Changes {
  count = 0
}

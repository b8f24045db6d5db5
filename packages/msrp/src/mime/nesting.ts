import { MsrpError } from '../wire/index.ts'

/** Containers inside of containers that are opened. */
const DEPTH = 8

/**
 * How deep the contents of something lie that may itself lie in a container.
 * @throws MsrpError `limit-exceeded`
 */
export function depthInside({ depth = 0 }: { readonly depth?: number }, most: number = DEPTH): number {
  if (depth < most) return depth + 1
  throw new MsrpError('limit-exceeded', `There are more than ${most} containers inside of each other`, { status: 413 })
}

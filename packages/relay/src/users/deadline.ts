import { MsrpError } from 'msrp/wire'

/**
 * What `promise` gives, unless that takes more than `seconds`.
 * @param late gets what came too late, to put it away
 * @throws MsrpError `timeout`, with `what` as its message
 */
export function withDeadline<T>(
  promise: Promise<T>,
  seconds: number,
  what: string,
  late?: (value: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false
    const timer = setTimeout(() => {
      over = true
      reject(new MsrpError('timeout', what))
    }, seconds * 1000)
    promise.then(
      (value) => {
        clearTimeout(timer)
        if (over) late?.(value)
        else resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

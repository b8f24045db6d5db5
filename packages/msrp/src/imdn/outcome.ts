import type { MsrpError } from '../wire/index.ts'

/** A promise that is made when somebody asks for it, and whose rejection nobody has to look at. */
export class Outcome<T> {
  #settled: { readonly value: T } | { readonly error: MsrpError } | undefined
  #asked: PromiseWithResolvers<T> | undefined

  get settled(): boolean {
    return this.#settled !== undefined
  }

  get promise(): Promise<T> {
    if (this.#asked === undefined) {
      this.#asked = Promise.withResolvers<T>()
      this.#asked.promise.catch(() => {})
      this.#tell()
    }
    return this.#asked.promise
  }

  resolve(value: T): void {
    this.#settle({ value })
  }

  reject(error: MsrpError): void {
    this.#settle({ error })
  }

  #settle(settled: { readonly value: T } | { readonly error: MsrpError }): void {
    if (this.#settled !== undefined) return
    this.#settled = settled
    this.#tell()
  }

  #tell(): void {
    if (this.#settled === undefined || this.#asked === undefined) return
    if ('error' in this.#settled) this.#asked.reject(this.#settled.error)
    else this.#asked.resolve(this.#settled.value)
  }
}

/** A part of the library that few sessions need: at hand in Node, while a browser loads it when it is needed first. */
export type Later<T> = () => T | Promise<T>

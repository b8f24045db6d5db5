const LENGTH = 80

/** A text of the peer's as it may appear in an error message: quoted, of bounded length, without control characters. */
export function shown(text: string): string {
  const quoted = JSON.stringify(text.slice(0, LENGTH)).replace(
    /[\u007f-\u009f]/g,
    (control) => `\\u00${control.charCodeAt(0).toString(16)}`,
  )
  return text.length > LENGTH || quoted.length > 2 * LENGTH ? `${quoted.slice(0, LENGTH)}…"` : quoted
}

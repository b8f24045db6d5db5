const LENGTH = 80

/** A text of the peer's as it may appear in an error message: quoted, of bounded length, without control characters. */
export function shown(text: string): string {
  const quoted = JSON.stringify(text.slice(0, LENGTH)).replace(
    // Those that JSON leaves, what some take for the end of a line, and what turns the reading order around.
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return text.length > LENGTH || quoted.length > 2 * LENGTH ? `${quoted.slice(0, LENGTH)}…"` : quoted
}

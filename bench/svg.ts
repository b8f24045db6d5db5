/** Width of a picture. */
export const WIDTH = 640

/** A picture as SVG: its heading, and under it the lines that draw it. `title`: what it is called for who cannot see it. */
export function svg(
  { title, heading, height }: { title: string; heading: string; height: number },
  lines: readonly string[],
): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="12" y="24" font-weight="bold">${escaped(heading)}</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

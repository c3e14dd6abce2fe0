const lineEnd = 0x0a;

/** The lines of `text`, each with the newline that ends it; what follows the last newline is a line too. */
export function splitLines(text: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf(lineEnd, start);
    const next = end === -1 ? text.length : end + 1;
    lines.push(text.subarray(start, next));
    start = next;
  }
  return lines;
}

const width = 76;

/** The server's warnings as Vault's command line words and wraps them. */
export function renderWarnings(warnings: readonly string[]): string {
  if (warnings.length === 0) return '';
  const items = warnings.map((warning) =>
    wrapText(`* ${warning}`, width)
      .map((line) => `  ${line}\n`)
      .join(''),
  );
  return `WARNING! The following warnings were returned from Vault:\n\n${items.join('')}\n`;
}

/** Breaks at spaces so that no line is longer than `limit`, unless one word is. Line breaks within the text stay. */
export function wrapText(text: string, limit: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > limit) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}

const mostStatements = 1_000;

/**
 * Statements as they may be written (Vault's `ParseArbitraryStringSlice`): text, a JSON list in text, or either in
 * base64. What one entry separates with `;` stays together here: only the database knows its quotes.
 */
export function statementsOf(entries: readonly string[]): string[] {
  return entries
    .flatMap(decode)
    .filter((statement) => statement.trim() !== '')
    .slice(0, mostStatements);
}

function decode(entry: string): string[] {
  const text = fromBase64(entry) ?? entry;
  if (!text.trimStart().startsWith('[')) return [text];
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // Not JSON: a statement that begins with a bracket.
  }
  return [text];
}

function fromBase64(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length < 8 || trimmed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed))
    return undefined;
  const bytes = Buffer.from(trimmed, 'base64');
  const decoded = bytes.toString('utf8');
  return Buffer.from(decoded, 'utf8').equals(bytes) && /^[\P{C}\s]+$/u.test(decoded) ? decoded : undefined;
}

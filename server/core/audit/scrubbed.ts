import type { AuditExchange } from './exchange.ts';
import type { StringForm } from './hashed-json.ts';

/** Shorter ones are words like `1h` or `kv`, which would tear the text apart and hide nothing. */
const shortestSecret = 5;

/**
 * A text of ours for the log, with every string that the caller sent (token, headers, anything in the data)
 * replaced by its hash wherever it occurs. Errors are written by us and should not quote their input; this is
 * what stands behind that rule when somebody forgets it.
 */
export function scrubbed(text: string, exchange: AuditExchange, form: StringForm): string {
  const secrets = new Set<string>();
  if (exchange.clientToken) collect(exchange.clientToken, secrets);
  collect(exchange.data, secrets);
  collect(exchange.headers, secrets);
  let clean = text;
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) {
    if (clean.includes(secret)) clean = clean.replaceAll(secret, () => form(secret));
    const escaped = JSON.stringify(secret).slice(1, -1);
    if (escaped !== secret && clean.includes(escaped)) clean = clean.replaceAll(escaped, () => form(secret));
  }
  return clean;
}

function collect(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') {
    if (value.length >= shortestSecret) into.add(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) collect(member, into);
  }
}

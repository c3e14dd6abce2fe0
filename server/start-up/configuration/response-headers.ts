import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { HclBlock, HclValue } from '../../../formats/hcl/index.ts';
import type { Findings } from './read-keys.ts';

const statusWords = /^(default|[1-5]xx|[1-5]\d\d)$/;
/** Without it a browser may be talked down to plain HTTP; the operator can say otherwise. */
const strictTransport = ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'] as const;

/** `custom_response_headers` of a listener: status → header → value. */
export function readResponseHeaders(
  listener: HclBlock,
  findings: Findings,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const headers: Record<string, Record<string, string>> = {};
  const stanza = findings.attempt(listener, 'custom_response_headers', () =>
    listener.block('custom_response_headers'),
  );
  for (const { text: status } of stanza?.keys() ?? []) {
    if (!stanza) break;
    if (!statusWords.test(status)) {
      findings.problem(
        stanza,
        status,
        'must be "default", a class such as "2xx", or a status such as "404".',
      );
      continue;
    }
    const group = findings.attempt(stanza, status, () => stanza.block(status));
    if (group) headers[status] = readGroup(group, findings);
  }
  return headers;
}

/** What a TLS listener sends unless it was told otherwise. */
export function withTransportSecurity(
  headers: Readonly<Record<string, Readonly<Record<string, string>>>>,
): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const [name, value] = strictTransport;
  const defaults = headers['default'] ?? {};
  if (Object.keys(defaults).some((given) => given.toLowerCase() === name.toLowerCase())) return headers;
  return { ...headers, default: { [name]: value, ...defaults } };
}

function readGroup(group: HclBlock, findings: Findings): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { text: name } of group.keys()) {
    const given = findings.attempt(group, name, () => group.value(name));
    const parts = given && textsOf(given);
    if (/^x-vault-/i.test(name)) {
      findings.problem(group, name, 'begins with X-Vault-, which is for the server itself.');
    } else if (!parts || !isHeader(name, parts.join('; '))) {
      findings.problem(group, name, 'must be a header with a list of strings.');
    } else {
      values[name] = parts.join('; ');
    }
  }
  return values;
}

function textsOf(value: HclValue): string[] | undefined {
  if (value.kind === 'string') return [value.value];
  if (value.kind !== 'list') return undefined;
  const texts = value.items.map((item) => (item.kind === 'string' ? item.value : undefined));
  return texts.every((text) => text !== undefined) ? texts : undefined;
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return !['content-length', 'transfer-encoding', 'connection', 'content-type'].includes(
      name.toLowerCase(),
    );
  } catch {
    return false;
  }
}

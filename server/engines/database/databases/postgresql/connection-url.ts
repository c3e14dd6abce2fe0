import { invalidRequest } from '../../../../contracts/errors.ts';
import { randomText } from '../../../../crypto/random.ts';

export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** libpq's word; `prefer` when none is given. */
  readonly sslMode: SslMode;
  readonly connectTimeoutSeconds: number | undefined;
  readonly applicationName: string;
}

export type SslMode = (typeof sslModes)[number];
const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;

export interface UrlValues {
  readonly username: string;
  readonly password: string;
  /** The values are percent-encoded already (Vault's `disable_escaping`). */
  readonly isEscaped: boolean;
}

/**
 * Reads `connection_url`: `postgresql://…`, or libpq's `host=… user=…`, with `{{username}}` and `{{password}}` in any
 * part. It is taken apart before the values are put in, so that no value can become another part. Throws 'invalid-request'.
 */
export function readConnectionUrl(url: string, values: UrlValues): ConnectionTarget {
  if (url === '') throw invalidRequest('connection_url cannot be empty');
  const marks = { username: `u${randomText(20)}`, password: `p${randomText(20)}` };
  const marked = url
    .replaceAll(/\{\{\s*username\s*\}\}/g, marks.username)
    .replaceAll(/\{\{\s*password\s*\}\}/g, marks.password);
  const words = /^postgres(?:ql)?:\/\//i.test(marked) ? wordsOfUrl(marked) : wordsOfPairs(marked);
  const value = (text: string): string => (values.isEscaped ? decoded(text) : text);
  const filled = (name: string): string =>
    (words.get(name) ?? '')
      .replaceAll(marks.username, () => value(values.username))
      .replaceAll(marks.password, () => value(values.password));
  return targetOf(words, filled);
}

/** Whether the credentials that a root rotation changes are the ones in use. */
export function usesTemplatedPassword(url: string): boolean {
  return /\{\{\s*password\s*\}\}/.test(url);
}

/** With a password that stands in it as Go's `URL.Redacted` prints it, for reading back; and whether there is one. */
export function maskedUrl(url: string): { readonly masked: string; readonly hasPassword: boolean } {
  const inUrl = /^([a-z][a-z0-9+.-]*:\/\/[^:/?#@]*:)([^@/]*(?:\/[^@]*)?)@/i.exec(url);
  const inPairs = /(\bpassword\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]*)/i;
  const isTemplate = (text: string): boolean => /^'?\{\{\s*password\s*\}\}'?$/.test(text);
  let masked = url;
  let hasPassword = false;
  if (inUrl && !isTemplate(inUrl[2] ?? '')) {
    hasPassword = true;
    masked = `${inUrl[1]}xxxxx${url.slice((inUrl[1] ?? '').length + (inUrl[2] ?? '').length)}`;
  }
  masked = masked.replace(inPairs, (all, name: string, secret: string) => {
    if (secret === '' || isTemplate(secret)) return all;
    hasPassword = true;
    return `${name}xxxxx`;
  });
  return { masked, hasPassword };
}

const cannotParse = (why: string): Error => invalidRequest(`cannot parse connection url: ${why}`);

function wordsOfUrl(text: string): Map<string, string> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw cannotParse('not a URL');
  }
  const words = new Map<string, string>(url.searchParams);
  const set = (name: string, value: string) => {
    if (value !== '') words.set(name, decoded(value));
  };
  set('host', url.hostname.replace(/^\[(.*)\]$/, '$1'));
  set('port', url.port);
  set('user', url.username);
  set('password', url.password);
  set('dbname', url.pathname.slice(1));
  return words;
}

function wordsOfPairs(text: string): Map<string, string> {
  const words = new Map<string, string>();
  const pair = /\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\[\s\S])*)'|((?:[^\s'\\]|\\[\s\S])*))(?=\s|$)/y;
  let at = 0;
  while (text.slice(at).trim() !== '') {
    pair.lastIndex = at;
    const found = pair.exec(text);
    if (!found) throw cannotParse('invalid keyword/value');
    const [, name = '', quoted, plain] = found;
    words.set(name, (quoted ?? plain ?? '').replaceAll(/\\([\s\S])/g, '$1'));
    at = pair.lastIndex;
  }
  return words;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw cannotParse('a percent sign that encodes nothing');
  }
}

function targetOf(words: ReadonlyMap<string, string>, filled: (name: string) => string): ConnectionTarget {
  for (const name of [
    'sslcert',
    'sslkey',
    'sslrootcert',
    'sslpassword',
    'passfile',
    'service',
    'servicefile',
  ]) {
    if (words.has(name))
      throw invalidRequest(
        `connection_url: ${name} names a file of this server, which callers cannot make it read`,
        {
          hint: 'Give the certificates themselves: tls_ca, tls_certificate, private_key.',
        },
      );
  }
  const sslMode = filled('sslmode') || 'prefer';
  const known = sslModes.find((mode) => mode === sslMode);
  if (!known) throw cannotParse(`sslmode is one of ${sslModes.join(', ')}`);
  const port = filled('port') === '' ? 5432 : Number(filled('port'));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw cannotParse('the port is not a number');
  const host = filled('host') || '127.0.0.1';
  if (host.includes(',')) throw cannotParse('more than one host');
  const timeout = Number(filled('connect_timeout'));
  const user = filled('user');
  return {
    host,
    port,
    user,
    password: filled('password'),
    database: filled('dbname') || filled('database') || user,
    sslMode: known,
    connectTimeoutSeconds: Number.isFinite(timeout) && timeout > 0 ? timeout : undefined,
    applicationName: filled('application_name') || 'coffer',
  };
}

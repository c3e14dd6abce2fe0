import { invalidRequest } from '../../contracts/errors.ts';
import { type EntryFilter, parseEntryFilter } from './entry-filter.ts';
import { type Exclusions, parseExclusions } from './exclusions.ts';

/** The options that every audit device takes, as Vault names them. */
export interface CommonDeviceOptions {
  /** Writes every string in clear. For debugging only: the log is then as secret as the store. */
  readonly logRaw: boolean;
  readonly hmacAccessor: boolean;
  readonly format: 'json' | 'jsonx';
  /** Stands before every line. */
  readonly prefix: string;
  /** Lists are logged as the number of their keys. */
  readonly elideListResponses: boolean;
  /** Does not write a test entry when the device is enabled. */
  readonly skipTest: boolean;
  /** The entries that this device wants; all without it. */
  readonly filter?: EntryFilter | undefined;
  /** Gets what no other device wanted. */
  readonly isFallback?: boolean;
  readonly exclusions?: Exclusions | undefined;
}

/** For docs and for telling a known option from an unknown one. */
export const commonDeviceOptions = {
  log_raw: 'Write values in clear instead of hashed. Default false.',
  hmac_accessor: 'Hash token accessors. Default true.',
  format: '`json` or `jsonx`. Default `json`.',
  prefix: 'A word before every line, such as `@cee: `.',
  elide_list_responses: 'Log the number of keys of a list instead of the keys. Default false.',
  skip_test: 'Do not write a test entry when enabling. Default false.',
  filter:
    'Record only entries that match: an expression over mount_point, mount_type, namespace, operation and path.',
  fallback: 'Record what no other device takes because of its filter. One device can be it. Default false.',
  exclude: 'Leave fields out: a JSON list of {"condition": expression, "fields": [JSON pointers]}.',
} as const;

/**
 * One word that ends in a sign no program's name ends in, so that a line can never be a command, a schedule or
 * a shebang wherever the file lies.
 */
const prefixPattern = /^[A-Za-z0-9@_.[(<-][A-Za-z0-9@_.[\]()<>=-]{0,62}[:\]>=]? ?$/;
const prefixEnd = /[:\]>=] ?$/;

/** Throws `CofferError` 'invalid-request' on a value that cannot be. */
export function parseDeviceOptions(options: Readonly<Record<string, string>>): CommonDeviceOptions {
  const format = options['format'] ?? 'json';
  if (format !== 'json' && format !== 'jsonx') {
    throw invalidRequest('unknown format type: it is "json" or "jsonx"');
  }
  const prefix = options['prefix'] ?? '';
  if (prefix !== '' && !(prefixPattern.test(prefix) && prefixEnd.test(prefix))) {
    throw invalidRequest(
      'prefix must be one word of at most 64 characters that ends in ":", "=", "]" or ">" and perhaps a space',
    );
  }
  const { filter = '', exclude = '' } = options;
  const isFallback = flag(options, 'fallback', false);
  if (isFallback && filter.trim() !== '')
    throw invalidRequest('cannot configure a fallback device with a filter');
  return {
    format,
    prefix,
    isFallback,
    filter: filter.trim() === '' ? undefined : parseEntryFilter(filter),
    exclusions: exclude.trim() === '' ? undefined : parseExclusions(exclude),
    logRaw: flag(options, 'log_raw', false),
    hmacAccessor: flag(options, 'hmac_accessor', true),
    elideListResponses: flag(options, 'elide_list_responses', false),
    skipTest: flag(options, 'skip_test', false),
  };
}

/** Spellings as Go's `strconv.ParseBool` takes them. */
function flag(options: Readonly<Record<string, string>>, name: string, unset: boolean): boolean {
  const value = options[name];
  if (value === undefined || value === '') return unset;
  if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw invalidRequest(`audit option "${name}" is neither true nor false`);
}

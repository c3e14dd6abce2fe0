import { createHash, randomBytes } from 'node:crypto';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';

const defaultBytes = 32;
const maxBytes = 128 * 1024;

/** Vault's names of hash functions → OpenSSL's. */
const algorithms: ReadonlyMap<string, string> = new Map([
  ['sha2-224', 'sha224'],
  ['sha2-256', 'sha256'],
  ['sha2-384', 'sha384'],
  ['sha2-512', 'sha512'],
  ['sha3-224', 'sha3-224'],
  ['sha3-256', 'sha3-256'],
  ['sha3-384', 'sha3-384'],
  ['sha3-512', 'sha3-512'],
]);

/** `sys/tools/random` and `sys/tools/hash`: they keep nothing and read nothing. */
export function toolsPaths(): PathDeclaration[] {
  return [...randomPaths(), ...hashPaths()];
}

function randomPaths(): PathDeclaration[] {
  const fields = {
    urlbytes: { type: 'string', description: 'How many bytes, in the path', default: '' },
    bytes: { type: 'int', description: 'How many bytes', default: defaultBytes },
    format: { type: 'string', description: 'hex or base64', default: 'base64' },
    source: {
      type: 'string',
      description: 'platform, or all for every source there is',
      default: 'platform',
    },
  } as const;
  const help = {
    synopsis: 'Random bytes.',
    description: `From the operating system’s generator; 1 to ${maxBytes} of them, ${defaultBytes} unless said.`,
  };
  const declare = (pattern: string, source?: string) =>
    definePath({
      pattern,
      fields,
      help,
      operations: {
        write: {
          summary: 'Make random bytes',
          handler: async (call) =>
            random(
              call.fields.urlbytes === '' ? call.fields.bytes : countInPath(call.fields.urlbytes),
              source ?? call.fields.source,
              call.fields.format,
            ),
        },
      },
    });
  return [
    declare('tools/random'),
    declare('tools/random/{urlbytes}'),
    ...['platform', 'seal', 'all'].flatMap((source) => [
      declare(`tools/random/${source}`, source),
      declare(`tools/random/${source}/{urlbytes}`, source),
    ]),
  ];
}

function countInPath(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw invalidRequest('error parsing url-set byte count');
  return Number(text);
}

function random(count: number, source: string, format: string): Reply {
  if (count < 1) throw invalidRequest("'bytes' cannot be less than 1");
  if (count > maxBytes) throw invalidRequest(`'bytes' should be less than ${maxBytes}`);
  if (source === 'seal')
    throw invalidRequest('the seal of this server is no source of random bytes', { hint: 'Use platform.' });
  if (source !== 'platform' && source !== 'all')
    throw invalidRequest('unsupported entropy source; must be "platform", "seal" or "all"');
  return { data: { random_bytes: randomBytes(count).toString(encodingOf(format)) } };
}

function hashPaths(): PathDeclaration[] {
  const fields = {
    urlalgorithm: { type: 'string', description: 'The algorithm, in the path', default: '' },
    algorithm: { type: 'string', description: [...algorithms.keys()].join(', '), default: 'sha2-256' },
    input: { type: 'string', description: 'What to hash, base64', default: '', sensitive: true },
    format: { type: 'string', description: 'hex or base64', default: 'hex' },
  } as const;
  const declare = (pattern: string) =>
    definePath({
      pattern,
      fields,
      help: { synopsis: 'A hash sum.', description: 'Of base64-encoded input, by the named algorithm.' },
      operations: {
        write: {
          summary: 'Hash some input',
          async handler({ fields: { urlalgorithm, algorithm: named, input, format } }): Promise<Reply> {
            const name = urlalgorithm || named;
            const algorithm = algorithms.get(name);
            if (algorithm === undefined) throw invalidRequest(`unsupported algorithm ${name.slice(0, 100)}`);
            const encoding = encodingOf(format);
            return { data: { sum: createHash(algorithm).update(decodeInput(input)).digest(encoding) } };
          },
        },
      },
    });
  return [declare('tools/hash'), declare('tools/hash/{urlalgorithm}')];
}

function encodingOf(format: string): 'hex' | 'base64' {
  if (format === 'hex' || format === 'base64') return format;
  throw invalidRequest('unsupported encoding format; must be "hex" or "base64"');
}

/** Padded standard base64 only, as Go's StdEncoding: what it would skip or cut must not change a hash silently. */
function decodeInput(input: string): Buffer {
  const text = input.replace(/[\r\n]/g, '');
  const bare = /^[A-Za-z0-9+/]*/.exec(text)?.[0].length ?? 0;
  const padding = text.slice(bare);
  if (padding.length > 2 || /[^=]/.test(padding) || (bare + padding.length) % 4 !== 0)
    throw invalidRequest(`unable to decode input as base64: illegal base64 data at input byte ${bare}`);
  return Buffer.from(text, 'base64');
}

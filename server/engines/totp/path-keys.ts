import { qrCodePng } from '../../../formats/qr-code/index.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type FieldDeclarations, type PathDeclaration } from '../../contracts/paths.ts';
import type { Reply } from '../../contracts/request.ts';
import { otpauthUrl } from '../../crypto/otpauth-url.ts';
import { type KeyRecord, keyBytes, keyRecordOf } from './key-record.ts';
import type { KeyStore } from './key-store.ts';

const fields = {
  name: { type: 'string', description: 'Name of the key', required: true },
  generate: {
    type: 'bool',
    description: 'Make the key here, for people whose codes are to be checked; else it is given',
    default: false,
  },
  exported: {
    type: 'bool',
    description: 'Whether a generated key is returned, once, as URL and QR code',
    default: true,
  },
  key_size: { type: 'int', description: 'Bytes of a generated key, at most 512', default: 20 },
  key: { type: 'string', description: 'The key, base32', sensitive: true, default: '' },
  url: {
    type: 'string',
    description: 'The key with all its settings, as otpauth://totp/…',
    sensitive: true,
    default: '',
  },
  issuer: { type: 'string', description: 'Who asks for the code; needed for a generated key', default: '' },
  account_name: { type: 'string', description: 'Whose code it is; needed for a generated key', default: '' },
  period: { type: 'duration', description: 'How long a code is good', default: 30 },
  algorithm: { type: 'string', description: 'SHA1, SHA256 or SHA512', default: 'SHA1' },
  digits: { type: 'int', description: '6 or 8', default: 6 },
  skew: {
    type: 'int',
    description: 'Periods before and after the present one whose codes are taken too: 0 or 1',
    default: 1,
  },
  qr_size: {
    type: 'int',
    description: 'Width of the QR code in pixels, at most 2000; 0 for none',
    default: 200,
  },
} as const satisfies FieldDeclarations;

/** `keys/NAME`. */
export function keyPath(keys: KeyStore): PathDeclaration {
  return definePath({
    pattern: 'keys/{name}',
    fields,
    help: {
      synopsis: 'A key that codes are made of.',
      description:
        'Given, to make codes for a service that asks Coffer for them; or generated, to check the codes of a person, who gets it as a QR code. A key is never shown again. A write replaces it.',
    },
    operations: {
      write: {
        summary: 'Create or replace a key',
        examples: [
          {
            description: 'For a person, whose authenticator scans the QR code',
            path: 'keys/ada',
            data: { generate: true, issuer: 'Acme', account_name: 'ada@example.com' },
          },
        ],
        async handler({ fields: { name, exported, qr_size: qrSize, ...wish } }) {
          if (qrSize < 0) throw invalidRequest('the qr_size value must be greater than or equal to zero');
          const record = keyRecordOf(wish);
          const reply = wish.generate && exported ? await exportedKey(record, qrSize) : undefined;
          await keys.put(name, record);
          return reply;
        },
      },
      read: {
        summary: 'Read what is known of a key, without the key',
        pure: true,
        async handler({ fields: { name } }) {
          const record = await keys.find(name);
          return (
            record && {
              data: {
                account_name: record.accountName,
                algorithm: record.algorithm,
                digits: record.digits,
                issuer: record.issuer,
                period: record.periodSeconds,
              },
            }
          );
        },
      },
      delete: {
        summary: 'Delete a key',
        async handler({ fields: { name } }) {
          await keys.remove(name);
          return undefined;
        },
      },
    },
  });
}

/** `keys`. */
export function keyNamesPath(keys: KeyStore): PathDeclaration {
  return definePath({
    pattern: 'keys',
    fields: {
      after: { type: 'string', description: 'Begin after this name', query: true },
      limit: { type: 'int', description: 'At most so many names', query: true },
    },
    help: { synopsis: 'The names of all keys.', description: 'Lists the names, in order.' },
    operations: {
      list: {
        summary: 'List the keys',
        pure: true,
        async handler({ fields: { after, limit } }) {
          const names = await keys.names({
            ...(after ? { after } : {}),
            ...(limit !== undefined && limit > 0 ? { limit } : {}),
          });
          return names.length === 0 ? undefined : { data: { keys: names } };
        },
      },
    },
  });
}

/** What the person's authenticator takes: the only time that a key leaves. */
async function exportedKey(record: KeyRecord, qrSize: number): Promise<Reply> {
  const url = otpauthUrl({ ...record, key: keyBytes(record) });
  if (qrSize === 0) return { data: { url } };
  const png = await qrCodePng(url, qrSize);
  if (!png)
    throw invalidRequest('the key and its names are too long for a QR code', { hint: 'Set qr_size=0.' });
  return { data: { barcode: Buffer.from(png).toString('base64'), url } };
}

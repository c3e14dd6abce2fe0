import { formatGoDuration } from '../../../formats/duration/index.ts';
import type { Clock } from '../../contracts/clock.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { secondsToNextStep, timedCode } from '../../crypto/totp.ts';
import { keyBytes } from './key-record.ts';
import type { KeyStore } from './key-store.ts';

/** `code/NAME`: a read makes a code, a write checks one. */
export function codePath(keys: KeyStore, clock: Clock): PathDeclaration {
  return definePath({
    pattern: 'code/{name}',
    fields: {
      name: { type: 'string', description: 'Name of the key', required: true },
      code: { type: 'string', description: 'The code to check', sensitive: true, default: '' },
    },
    help: {
      synopsis: 'Make a code, or check one.',
      description:
        'A read answers the code of this moment. A write says whether a code is good; one that was is refused from then on.',
    },
    operations: {
      read: {
        summary: 'Make a code',
        pure: true,
        async handler({ fields: { name } }) {
          const record = await keys.find(name);
          if (!record) throw unknownKey(name);
          const nowMs = clock.now();
          const nowSeconds = Math.floor(nowMs / 1000);
          return {
            data: {
              code: timedCode(keyBytes(record), nowMs, record),
              expire_time: nowSeconds + secondsToNextStep(nowMs, record.periodSeconds),
              generated: nowSeconds,
              period: formatGoDuration(record.periodSeconds),
            },
          };
        },
      },
      write: {
        summary: 'Check a code',
        examples: [{ description: 'Good, once', path: 'code/ada', data: { code: '283007' } }],
        async handler({ fields: { name, code } }) {
          if (code === '') throw invalidRequest('the code value is required');
          const outcome = await keys.spend(name, code);
          if (outcome === undefined) throw unknownKey(name);
          if (outcome === 'used') throw invalidRequest('code already used; wait until the next time period');
          return { data: { valid: outcome === 'accepted' } };
        },
      },
    },
  });
}

function unknownKey(name: string) {
  return invalidRequest(`unknown key: ${name}`);
}

import { equal, throws } from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { maxKeyBytes, StorageError } from '../contracts/storage.ts';
import { checkKey, compareKeys } from './keys.ts';

describe('keys', () => {
  it('compare as their UTF-8 bytes do', () => {
    const nearSurrogates = fc.string({
      unit: fc.constantFrom('a', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
    });
    const any = fc.oneof(fc.string({ unit: 'binary' }), nearSurrogates);
    fc.assert(
      fc.property(any, any, (a, b) => {
        equal(Math.sign(compareKeys(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
      { numRuns: 2000 },
    );
  });

  it('are counted in bytes, not in characters', () => {
    checkKey('é'.repeat(maxKeyBytes / 2));
    throws(() => checkKey('é'.repeat(maxKeyBytes / 2 + 1)), StorageError);
  });

  it('are not repeated in the error that refuses them', () => {
    throws(
      () => checkKey('hidden\0'),
      (error) => error instanceof StorageError && !error.message.includes('hidden'),
    );
  });
});

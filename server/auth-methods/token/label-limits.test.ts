import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLabels } from './label-limits.ts';

const pairs = (count: number, value = 'v'): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, value]));

test('labels of a token are taken up to their limits', () => {
  checkLabels('', undefined);
  checkLabels('x'.repeat(512), pairs(64, 'v'.repeat(200)));
  checkLabels('é'.repeat(256), { ['k'.repeat(128)]: 'v'.repeat(4096) });
});

test('labels beyond a limit are refused with the name of the field, and without what was given', () => {
  const wrong: readonly [string, Record<string, string> | undefined, RegExp][] = [
    ['x'.repeat(513), undefined, /^display_name is longer/],
    ['é'.repeat(257), undefined, /^display_name is longer/],
    ['', pairs(65), /^meta has more than 64 keys/],
    ['', { ['k'.repeat(129)]: 'v' }, /^meta has a key/],
    ['', { k: 'v'.repeat(4097) }, /^meta has a value/],
    ['', pairs(10, 'v'.repeat(2000)), /^meta is larger/],
  ];
  for (const [name, meta, message] of wrong)
    assert.throws(() => checkLabels(name, meta), { code: 'invalid-request', message });
});

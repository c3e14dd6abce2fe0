import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseJson } from '../../../formats/json/index.ts';
import { definePath } from '../../contracts/paths.ts';
import { withoutSensitiveNumbers } from './sensitive-numbers.ts';

const path = definePath({
  pattern: 'code',
  fields: {
    code: { type: 'string', description: 'A code', sensitive: true, aliases: ['passcode'] },
    payload: { type: 'map', description: 'Codes', sensitive: true },
    ttl: { type: 'int', description: 'No secret' },
  },
  operations: {},
  help: { synopsis: 'x', description: 'x' },
});

test('numbers under a sensitive field become texts at any depth, however large, and others stay', () => {
  const data = parseJson(
    '{"passcode":123456,"payload":{"a":[123,{"b":12345678901234567890}]},"ttl":60,"other":1}',
  );
  assert.ok(typeof data === 'object' && data !== null && !Array.isArray(data));
  assert.deepEqual(withoutSensitiveNumbers({ ...data }, path), {
    passcode: '123456',
    payload: { a: ['123', { b: '12345678901234567890' }] },
    ttl: 60,
    other: 1,
  });
});

test('data without such numbers stays the very same object, so that what was rendered of it is found again', () => {
  const data = { code: '123456', payload: { a: ['1'] }, ttl: 60 };
  assert.equal(withoutSensitiveNumbers(data, path), data);
  assert.equal(withoutSensitiveNumbers(data, undefined), data);
});

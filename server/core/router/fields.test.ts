import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldReader } from './fields.ts';

test('a text of nothing but commas is refused before it becomes a list', () => {
  const reader = new FieldReader({
    pattern: 'x',
    fields: {
      names: { type: 'strings', description: '' },
      numbers: { type: 'ints', description: '' },
      pairs: { type: 'key-values', description: '' },
    },
    operations: {},
    help: { synopsis: '', description: '' },
  });
  const startedMs = performance.now();
  for (const field of ['names', 'numbers', 'pairs'])
    assert.throws(() => reader.read({}, { [field]: 'a,'.repeat(16_000_000) }), {
      code: 'invalid-request',
      message: 'a list holds more than 100000 items',
    });
  assert.ok(performance.now() - startedMs < 2000);
  assert.deepEqual(reader.read({}, { names: 'a, b,,c', numbers: '1,2', pairs: 'a=b,c=' }), {
    names: ['a', 'b', 'c'],
    numbers: [1, 2],
    pairs: { a: 'b', c: '' },
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Call, isLinearizable } from './linearizable.ts';

type Op = readonly ['write' | 'read', number];
const register = (state: number, [kind, value]: Op) =>
  kind === 'write' ? value : value === state ? state : undefined;
const call = (sent: number, answered: number, ...op: Op): Call<Op> => ({ sent, answered, op });
const holds = (...history: Call<Op>[]) => isLinearizable(history, 0, register);

describe('a history', () => {
  test('is linearizable when some order of what overlaps explains it', () => {
    assert.ok(holds());
    assert.ok(holds(call(1, 2, 'write', 1), call(3, 4, 'read', 1)));
    assert.ok(holds(call(1, 4, 'write', 1), call(2, 3, 'read', 0)));
    assert.ok(holds(call(1, 4, 'write', 1), call(2, 3, 'read', 1)));
    assert.ok(
      holds(call(1, 9, 'write', 1), call(2, 8, 'write', 2), call(3, 4, 'read', 2), call(5, 6, 'read', 1)),
    );
  });

  test('is not when a read is of the past, of the future, or goes back', () => {
    assert.ok(!holds(call(1, 2, 'write', 1), call(3, 4, 'read', 0)));
    assert.ok(!holds(call(1, 2, 'read', 1), call(3, 4, 'write', 1)));
    assert.ok(!holds(call(1, 9, 'write', 1), call(2, 3, 'read', 1), call(4, 5, 'read', 0)));
    assert.ok(!holds(call(1, 2, 'write', 1), call(3, 4, 'write', 2), call(5, 6, 'read', 1)));
  });
});

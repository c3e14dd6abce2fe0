import assert from 'node:assert/strict';

/** The answer of a client's call holds `expected`, and may hold more. */
export async function answers(calling: Promise<unknown>, expected: object): Promise<void> {
  const answer = await calling;
  assert.partialDeepStrictEqual(answer, expected, JSON.stringify(answer));
}

/** A text at the end of a chain of keys of an answer. */
export function textAt(answer: unknown, ...keys: string[]): string {
  let value = answer;
  for (const key of keys) {
    assert.ok(typeof value === 'object' && value !== null, `no ${key} in ${JSON.stringify(answer)}`);
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  assert.equal(typeof value, 'string', `${keys.join('.')} in ${JSON.stringify(answer)}`);
  return String(value);
}

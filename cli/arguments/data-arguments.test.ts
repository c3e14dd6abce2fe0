import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readDataArguments } from './data-arguments.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'coffer-data-'));
after(() => fs.rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const full = path.join(folder, name);
  fs.writeFileSync(full, text);
  return full;
}

const noInput = (): string => {
  throw new Error('standard input was read');
};

test('a value is everything after the first =, and may be empty', () => {
  assert.deepEqual(readDataArguments(['eq=a=b=c', 'e=', 'sp=a b'], noInput), {
    eq: 'a=b=c',
    e: '',
    sp: 'a b',
  });
});

test('a key given several times becomes a list in the order given', () => {
  assert.deepEqual(readDataArguments(['k=a', 'k=b', 'k=c'], noInput), { k: ['a', 'b', 'c'] });
});

test('k=@file takes the whole text of a file, its last newline too; \\@ stands for an @', () => {
  const source = file('value.txt', 'from a file\n');
  assert.deepEqual(readDataArguments([`k=@${source}`, 'l=\\@x'], noInput), { k: 'from a file\n', l: '@x' });
});

test('k=- and - read standard input, which cannot be read twice', () => {
  assert.deepEqual(
    readDataArguments(['k=-'], () => 'piped'),
    { k: 'piped' },
  );
  assert.deepEqual(
    readDataArguments(['-', 'z=1'], () => '{"a":1,"b":[1,2]}'),
    { a: 1, b: [1, 2], z: '1' },
  );
  assert.throws(() => readDataArguments(['a=-', 'b=-'], () => 'x'), /twice/);
});

test('@file is a JSON object whose numbers keep their text', () => {
  const source = file('types.json', '{"big":12345678901234567890,"f":1.0}');
  assert.equal(
    JSON.stringify(readDataArguments([`@${source}`], noInput)),
    '{"big":12345678901234567890,"f":1.0}',
  );
});

test('JSON that is no object, or no JSON, is refused without being shown', () => {
  for (const text of ['["s3cr3t"]', '"s3cr3t"', '{"a":"s3cr3t"', '12345678901234567890'])
    assert.throws(
      () => readDataArguments(['-'], () => text),
      (error: Error) =>
        error.message.startsWith('Failed to parse K=V data') && !error.message.includes('s3cr3t'),
      text,
    );
});

test('a word without = is refused by its place, since it may be a secret', () => {
  assert.throws(
    () => readDataArguments(['a=b', 's3cr3t'], noInput),
    (error: Error) => error.message.includes('argument 2') && !error.message.includes('s3cr3t'),
  );
});

test('a missing file is named with the reason', () => {
  assert.throws(
    () => readDataArguments(['k=@missing.txt'], noInput),
    /"k=@missing.txt".*no such file or directory/,
  );
  assert.throws(
    () => readDataArguments(['@missing.json'], noInput),
    /"@missing.json".*no such file or directory/,
  );
});

test('a key named __proto__ is a key like any other', () => {
  const data = readDataArguments(['__proto__=x'], noInput);
  assert.deepEqual(Object.keys(data), ['__proto__']);
  assert.equal(JSON.stringify(data), '{"__proto__":"x"}');
});

test('any text survives as a value', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => text !== '-' && !text.startsWith('@') && !text.startsWith('\\@')),
      (value) => {
        assert.deepEqual(readDataArguments([`k=${value}`], noInput), { k: value });
      },
    ),
  );
});

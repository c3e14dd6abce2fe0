import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Flag } from '../command.ts';
import { HelpRequested, parseFlags, UnknownFlag } from './parse-flags.ts';

const declared: readonly Flag[] = [
  { name: 'path', kind: 'text', summary: '' },
  { name: 'force', aliases: ['f'], kind: 'boolean', summary: '' },
  { name: 'cas', kind: 'number', summary: '' },
  { name: 'ttl', kind: 'duration', summary: '' },
  { name: 'policy', kind: 'list', summary: '' },
  { name: 'metadata', kind: 'map', summary: '' },
];

test('a flag has one dash or two, and its value after = or as the next word', () => {
  for (const words of [['-path=a'], ['--path=a'], ['-path', 'a'], ['--path', 'a']])
    assert.equal(parseFlags(words, declared).flags.text('path'), 'a', words.join(' '));
});

test('flags are read after positional words too, and k=v words and - stay positional', () => {
  const { flags, positional } = parseFlags(['secret/a', 'k=-v', '-', '-cas=3', 'x='], declared);
  assert.deepEqual(positional, ['secret/a', 'k=-v', '-', 'x=']);
  assert.equal(flags.number('cas'), 3);
});

test('a boolean never takes the next word as its value', () => {
  const { flags, positional } = parseFlags(['-force', 'false'], declared);
  assert.equal(flags.on('force'), true);
  assert.deepEqual(positional, ['false']);
  assert.equal(parseFlags(['-f=false'], declared).flags.boolean('force'), false);
});

test('a value may begin with a dash, hold = and be empty', () => {
  assert.equal(parseFlags(['-cas', '-1'], declared).flags.number('cas'), -1);
  assert.equal(parseFlags(['-path=a=b'], declared).flags.text('path'), 'a=b');
  assert.equal(parseFlags(['-path='], declared).flags.text('path'), '');
});

test('after -- every word is positional', () => {
  assert.deepEqual(parseFlags(['--', '-path=a', '--'], declared).positional, ['-path=a', '--']);
});

test('a list is collected word by word and not split at commas', () => {
  assert.deepEqual(parseFlags(['-policy=a,b', '-policy', 'c'], declared).flags.list('policy'), ['a,b', 'c']);
});

test('a map keeps everything after the first = and its later words win', () => {
  const { flags } = parseFlags(['-metadata=a=1', '-metadata=b=x=y', '-metadata=a=2'], declared);
  assert.deepEqual(flags.map('metadata'), { a: '2', b: 'x=y' });
});

test('a duration is kept in the form that Go prints', () => {
  for (const [given, kept] of [
    ['90m', '1h30m0s'],
    ['120', '2m0s'],
    ['1d', '24h0m0s'],
    ['-1', '-1s'],
  ] as const)
    assert.equal(parseFlags([`-ttl=${given}`], declared).flags.text('ttl'), kept);
});

test('values of the wrong kind are refused with the flag in the message', () => {
  for (const word of ['-cas=x', '-cas=1.5', '-cas=', '-ttl=bogus', '-force=maybe', '-metadata=nokey'])
    assert.throws(() => parseFlags([word], declared), /flag -(cas|ttl|force|metadata)/, word);
  assert.throws(() => parseFlags(['-path'], declared), /flag needs an argument: -path/);
});

test('an unknown flag is named without its value, and the nearest flag is suggested', async () => {
  const error = catching(() => parseFlags(['-plicy=hunter2'], declared));
  assert.ok(error instanceof UnknownFlag);
  assert.equal(error.message, 'flag provided but not defined: -plicy');
  assert.equal(await error.suggestion(), 'policy');
});

test('help is asked for in three ways', () => {
  for (const word of ['-h', '-help', '--help'])
    assert.throws(() => parseFlags(['a', word], declared), HelpRequested);
});

test('asking for a flag that was not declared is a programming error', () => {
  assert.throws(() => parseFlags([], declared).flags.text('other'), /declares no flag/);
});

const anyWord = fc.string({ minLength: 1 }).filter((word) => word === '-' || !word.startsWith('-'));

test('wherever flags stand among the words, both come back whole and in order', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          anyWord.map((word) => ({ words: [word], positional: word })),
          fc.string().map((value) => ({ words: [`-path=${value}`], path: value })),
          fc.string().map((value) => ({ words: ['--path', value], path: value })),
          fc.string().map((value) => ({ words: [`-policy=${value}`], policy: value })),
        ),
      ),
      (parts) => {
        const { flags, positional } = parseFlags(
          parts.flatMap((part) => part.words),
          declared,
        );
        const of = (name: 'positional' | 'path' | 'policy'): string[] =>
          parts.flatMap((part) =>
            name in part ? [String(Object.entries(part).find(([key]) => key === name)?.[1])] : [],
          );
        assert.deepEqual(positional, of('positional'));
        assert.equal(flags.text('path'), of('path').at(-1));
        assert.deepEqual(flags.list('policy') ?? [], of('policy'));
      },
    ),
  );
});

test('no words make the parser fail with anything but its own errors', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (words) => {
      const error = catching(() => parseFlags(words, declared));
      if (error !== undefined && !(error instanceof HelpRequested)) assert.equal(error.name, 'Failure');
    }),
  );
});

function catching(work: () => unknown): Error | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

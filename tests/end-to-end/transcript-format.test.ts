import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchLines, parseTranscript } from './transcript-format.ts';

test('a step holds its command, both streams and its exit code', () => {
  const { server, files, steps } = parseTranscript(
    [
      '# a comment',
      '% server config',
      '% file a.hcl',
      'path "x" {}',
      '% end',
      '$ coffer one',
      'out',
      '! err',
      '!',
      '[exit 2]',
      '',
      '$ coffer two',
      'v',
      '[no newline at the end]',
      '',
    ].join('\n'),
  );
  assert.equal(server, 'config');
  assert.equal(files.get('a.hcl'), 'path "x" {}\n');
  assert.deepEqual(steps, [
    { line: 6, command: 'coffer one', out: ['out'], err: ['err', ''], exitCode: 2, endsWithNewline: true },
    { line: 12, command: 'coffer two', out: ['v'], err: [], exitCode: 0, endsWithNewline: false },
  ]);
});

test('a line of output that looks like the transcript’s own signs has a backslash before it', () => {
  const { steps } = parseTranscript('$ coffer policy read a\n\\# comment\n\\$ x\n\\n\n');
  assert.deepEqual(steps[0]?.out, ['# comment', '$ x', '\\n']);
});

test('text without placeholders must be the same to the letter', () => {
  assert.ok(matchLines(['a    b', 'c'], 'a    b\nc\n'));
  for (const actual of ['a   b\nc\n', 'a    b\nc', 'a    b\n', 'a    b\nc\nd\n', 'A    b\nc\n'])
    assert.equal(matchLines(['a    b', 'c'], actual), undefined, JSON.stringify(actual));
});

test('placeholders stand for values of their kind, and named ones are remembered', () => {
  const values = matchLines(
    ['Key    <K:key>', 'at     <time>'],
    `Key  ${'a'.repeat(44)}\nat   2026-11-22T04:05:34.27Z\n`,
  );
  assert.deepEqual(values, new Map([['K', 'a'.repeat(44)]]));
  assert.equal(matchLines(['at <time>'], 'at noon\n'), undefined);
});

test('[...] stands for any number of lines', () => {
  for (const actual of ['a\nz\n', 'a\nb\nc\nz\n']) assert.ok(matchLines(['a', '[...]', 'z'], actual));
  assert.equal(matchLines(['a', '[...]', 'z'], 'a\nb\n'), undefined);
});

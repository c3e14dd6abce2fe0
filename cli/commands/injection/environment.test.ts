import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { environmentOf, variableName } from './environment.ts';
import { exported } from './export-formats.ts';

const secret = (name: string, text = 'v') => ({ name, text, version: 1 });

describe('the environment of a command', () => {
  test('has the names of secrets as variables can be called', () => {
    assert.equal(variableName('OPENAI_API_KEY'), 'OPENAI_API_KEY');
    assert.equal(variableName('openai-api-key'), 'OPENAI_API_KEY');
    assert.equal(variableName('ai/openai.key'), 'AI_OPENAI_KEY');
    assert.equal(variableName('2fa'), '_2FA');
    assert.equal(variableName('lower'), 'lower');
  });

  test('never lets one secret hide another', () => {
    assert.throws(() => environmentOf([secret('a-b'), secret('a.b')]), /both be A_B/);
  });

  test('is not where a secret decides what is run', () => {
    for (const name of ['PATH', 'ld-preload', 'LD_LIBRARY_PATH', 'NODE_OPTIONS', 'BASH_ENV'])
      assert.throws(() => environmentOf([secret(name)]), /changes how programs run/, name);
  });

  test('refuses what no environment can hold, by name and not by value', () => {
    assert.throws(
      () => environmentOf([secret('binary', 'sk-\0-hidden')]),
      (error) => error instanceof Error && /binary/.test(error.message) && !error.message.includes('hidden'),
    );
  });
});

describe('exported secrets', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((each) => !each.includes('\0'));

  test('are what a shell reads back, whatever they hold', () => {
    fc.assert(
      fc.property(text, (value) => {
        const script = `${exported('shell', new Map([['X', value]]), '')}printf %s "$X"`;
        assert.equal(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' }), value);
      }),
      { numRuns: 60 },
    );
  });

  test('are what JSON reads back', () => {
    fc.assert(
      fc.property(text, (value) => {
        assert.deepEqual(JSON.parse(exported('json', new Map([['X', value]]), '')), { X: value });
      }),
    );
  });

  test('are masked line by line before a GitHub runner is given them, and cannot end their block early', () => {
    const out = exported('github-actions', new Map([['KEY', 'one\nCOFFER_END\n100%']]), '');
    assert.equal(
      out,
      '::add-mask::one\n::add-mask::COFFER_END\n::add-mask::100%25\nKEY<<COFFER_END_\none\nCOFFER_END\n100%\nCOFFER_END_\n',
    );
  });

  test('are quoted for a dotenv file only where they need it', () => {
    const lines = exported(
      'dotenv',
      new Map([
        ['A', 'sk-1'],
        ['B', 'two words'],
        ['C', "it's\nhere"],
        ['D', '$HOME'],
      ]),
      '',
    );
    assert.equal(lines, "A=sk-1\nB='two words'\nC=\"it's\\nhere\"\nD='$HOME'\n");
  });

  test('are refused where docker would read two lines', () => {
    assert.throws(() => exported('docker', new Map([['KEY', 'a\nb']]), ''), /KEY has several lines/);
  });

  test('make a Kubernetes Secret with encoded values', () => {
    const yaml = exported('kubernetes', new Map([['KEY', 'value']]), 'model');
    assert.match(yaml, /KEY: dmFsdWU=/);
    assert.match(yaml, /name: model/);
  });

  test('know their formats', () => {
    assert.throws(() => exported('toml', new Map(), ''), /unknown format "toml"/);
    assert.throws(() => exported('__proto__', new Map(), ''), /unknown format/);
  });
});

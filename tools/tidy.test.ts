import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { sourceFiles } from './source-files.ts';
import { broken, hasLengthRules, isSentence, isWellNamed, testNames, tooLong } from './tidy-rules.ts';

const files = sourceFiles();
const code = files.filter(({ path }) => path.endsWith('.ts'));
const product = code.filter(hasLengthRules);

function ratchet(): Record<string, number> {
  const read: unknown = JSON.parse(readFileSync(join(import.meta.dirname, 'tidy-ratchet.json'), 'utf8'));
  assert.ok(typeof read === 'object' && read !== null);
  return Object.fromEntries(Object.entries(read).map(([key, value]) => [key, Number(value)]));
}

describe('the code is tidy', () => {
  it('keeps files under 300 lines and functions under 70, but for a list that only gets shorter', () => {
    const allowed = ratchet();
    const found: Record<string, number> = Object.assign({}, ...product.map(tooLong));
    const grown = Object.entries(found)
      .filter(([key, length]) => length > (allowed[key] ?? 0))
      .map(([key, length]) => `${key} has ${length} lines${key in allowed ? `, had ${allowed[key]}` : ''}`);
    assert.deepEqual(grown, [], 'split them');
    const loose = Object.entries(allowed)
      .filter(([key, length]) => (found[key] ?? 0) < length)
      .map(([key]) => key);
    assert.deepEqual(loose, [], 'shorter than the list says: run `npm run tidy`');
  });

  it('holds no leftovers, no any, no silenced checks, no console, and no path of a machine', () => {
    assert.deepEqual(code.flatMap(broken), []);
  });

  it('names files in kebab-case', () => {
    assert.deepEqual(
      files.map(({ path }) => path).filter((path) => !isWellNamed(path)),
      [],
    );
  });

  it('names tests in sentences', () => {
    const wrong = code
      .filter(({ path }) => path.endsWith('.test.ts'))
      .flatMap(({ path, text }) =>
        testNames(text)
          .filter((name) => !isSentence(name))
          .map((name) => `${path}: ${name}`),
      );
    assert.deepEqual(wrong, []);
  });

  it('would see what it forbids', () => {
    const lines = (count: number): string => `export function long() {\n${'  step();\n'.repeat(count)}}\n`;
    assert.deepEqual(tooLong({ path: 'a.ts', text: lines(69) }), { 'a.ts#long': 71 });
    assert.deepEqual(tooLong({ path: 'a.ts', text: lines(68) }), {});
    const method = `class A {\n  async #work(\n    a: string,\n  ): Promise<void> {\n${'    step();\n'.repeat(80)}  }\n}\n`;
    assert.deepEqual(Object.keys(tooLong({ path: 'a.ts', text: method })), ['a.ts#\u0023work']);
    const bad = [
      'const a: any = 1;',
      `// ${'TO'}DO later`,
      'console.log(1);',
      `const p = "/${'home'}/me/x";`,
      'enum A {',
    ];
    for (const text of bad) assert.equal(broken({ path: 'server/a.ts', text }).length, 1, text);
    assert.deepEqual(broken({ path: 'server/a.ts', text: "const s = 'as any other'; // any\n" }), []);
    assert.equal(isSentence('parseHcl'), false);
  });
});

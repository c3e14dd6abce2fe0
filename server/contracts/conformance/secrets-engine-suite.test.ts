import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const scratch = mkdtempSync(path.join(tmpdir(), 'engine-suite-'));
after(() => rmSync(scratch, { recursive: true }));

const sound = `
export const plugin = {
  type: 'sound',
  description: 'an engine without a flaw',
  async create({ records }) {
    return {
      paths: [{
        pattern: 'roles/{name}',
        fields: { name: { type: 'string', description: 'Its name.' } },
        help: { synopsis: 'Roles.', description: 'Roles of an engine that only tests use.' },
        operations: { read: { summary: 'Read a role', pure: true, handler: async () => undefined } },
      }],
    };
  },
};`;

/** Each breaks one promise: what to replace, by what, and the test that must fail. */
const flaws: readonly (readonly [from: string, to: string, test: RegExp])[] = [
  ["type: 'sound'", "type: 'other'", /is named as its folder/],
  ["description: 'an engine without a flaw'", "description: ''", /is named as its folder/],
  ["description: 'Its name.'", "description: ''", /every field is described/],
  ['fields: { name: ', 'fields: { id: ', /every field is described/],
  ["synopsis: 'Roles.'", "synopsis: ''", /every path has a pattern/],
  ["'roles/{name}'", "'/roles/{name}'", /every path has a pattern/],
  ['operations: { read', 'operations: { peruse', /every operation is one of the contract/],
  ["summary: 'Read a role'", "summary: ''", /every operation is one of the contract/],
  [
    'async () => undefined',
    "async () => { await records.commit({ put: [['a', 1]] }); }",
    /every handler survives/,
  ],
  ['async () => undefined', 'async ({ fields }) => fields.name.length', /every handler survives/],
  [
    'paths: [',
    'paths: [{ pattern: "roles/{other}", fields: {}, help: {}, operations: {} }, ',
    /declares paths/,
  ],
];

/** Runs the suite over a plug-in of this source; the names of the tests that failed. */
function failures(source: string, readme: string): Promise<string> {
  const folder = path.join(mkdtempSync(path.join(scratch, 'run-')), 'sound');
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'README.md'), readme);
  writeFileSync(path.join(folder, 'index.mjs'), source);
  const suite = pathToFileURL(path.join(import.meta.dirname, 'secrets-engine-suite.ts'));
  const main = path.join(folder, 'main.mjs');
  writeFileSync(
    main,
    `import { plugin } from './index.mjs';
     import { secretsEngineConformance } from ${JSON.stringify(suite.href)};
     secretsEngineConformance(plugin, { folder: ${JSON.stringify(folder)} });`,
  );
  const { NODE_TEST_CONTEXT: _inner, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--test-reporter=tap', main], { env }, (_error, output) => {
      const failed = output.split('\n').filter((line) => line.trimStart().startsWith('not ok'));
      resolve(failed.join('\n'));
    });
  });
}

describe('the conformance suite of secrets engines', { concurrency: 2 }, () => {
  const readme = 'What this engine is for, in as many words as it takes. '.repeat(5);

  test('passes an engine without a flaw', async () => {
    assert.equal(await failures(sound, readme), '');
  });

  test('refuses a folder without a README worth the name', async () => {
    assert.match(await failures(sound, '# sound'), /has a README/);
  });

  for (const [from, to, expected] of flaws) {
    test(`refuses ${to} for ${from}`, async () => {
      assert.ok(sound.includes(from));
      assert.match(await failures(sound.replace(from, to), readme), expected);
    });
  }
});

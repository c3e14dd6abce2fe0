import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorTable } from '../server/contracts/errors.ts';
import * as configuration from './generate-config-reference.ts';
import * as errors from './generate-error-reference.ts';

test('docs/reference/configuration.md says what the tables of keys say', () => {
  const written = readFileSync(configuration.referencePath, 'utf8');
  assert.equal(written, configuration.renderReference(), 'run: npm run docs');
});

test('docs/reference/errors.md says what the table of errors says', () => {
  const written = readFileSync(errors.referencePath, 'utf8');
  assert.equal(written, errors.renderReference(), 'run: npm run docs');
  for (const code of Object.keys(errorTable)) assert.ok(written.includes(`\`${code}\``), code);
});

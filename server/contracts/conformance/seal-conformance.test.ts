import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { SealPlugin } from '../seal.ts';
import { type OpenSeal, sealSuite } from './seal-suite.ts';

const seals = new URL('../../seals/', import.meta.url);
const folders = (await readdir(seals, { withFileTypes: true })).filter((entry) => entry.isDirectory());

test('there are seals to check', () => assert.notEqual(folders.length, 0));

for (const { name } of folders) {
  const { plugin }: { plugin: SealPlugin } = await import(new URL(`${name}/index.ts`, seals).href);
  const { open }: { open: OpenSeal } = await import(new URL(`${name}/conformance.ts`, seals).href);
  test(`${name}: its type is the name of its folder`, () => assert.equal(plugin.type, name));
  sealSuite(plugin, open);
}

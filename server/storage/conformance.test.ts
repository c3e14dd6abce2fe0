import { equal } from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { it } from 'node:test';
import { type OpenStorage, storageConformance } from '../contracts/conformance/storage-suite.ts';
import type { StoragePlugin } from '../contracts/storage.ts';

// Every folder beside this file is a storage: `index.ts` exports `plugin`, `conformance.ts` how to `open` a fresh one.
for (const folder of readdirSync(import.meta.dirname, { withFileTypes: true })) {
  if (!folder.isDirectory()) continue;
  const { plugin }: { plugin: StoragePlugin } = await import(`./${folder.name}/index.ts`);
  const { open }: { open: OpenStorage } = await import(`./${folder.name}/conformance.ts`);
  it(`storage ${folder.name} says its folder's name`, () => equal(plugin.type, folder.name));
  storageConformance(folder.name, open);
}

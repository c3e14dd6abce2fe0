import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { secretsEngineConformance } from '../contracts/conformance/secrets-engine-suite.ts';
import type { SecretsEnginePlugin } from '../contracts/secrets-engine.ts';

const here = import.meta.dirname;
const folders = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());
assert.ok(folders.length > 0);

for (const { name } of folders) {
  const folder = path.join(here, name);
  const { plugin }: { plugin: SecretsEnginePlugin } = await import(path.join(folder, 'index.ts'));
  secretsEngineConformance(plugin, { folder });
}

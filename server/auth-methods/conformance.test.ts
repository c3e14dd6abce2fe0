import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { AuthMethodPlugin } from '../contracts/auth-method.ts';
import { authMethodConformance } from '../contracts/conformance/auth-method-suite.ts';

const here = import.meta.dirname;
const folders = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());
assert.ok(folders.length > 0);

for (const { name } of folders) {
  const folder = path.join(here, name);
  const { plugin }: { plugin: AuthMethodPlugin } = await import(path.join(folder, 'index.ts'));
  authMethodConformance(plugin, { folder });
}

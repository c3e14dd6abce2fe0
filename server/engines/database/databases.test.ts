import { readdir } from 'node:fs/promises';
import type { DatabasePlugin } from './database-plugin.ts';
import { databaseConformance, type SubjectDeclaration } from './database-suite.ts';

const folder = new URL('./databases/', import.meta.url);

for (const { name } of (await readdir(folder, { withFileTypes: true })).filter((entry) =>
  entry.isDirectory(),
)) {
  const { plugin }: { plugin: DatabasePlugin } = await import(new URL(`${name}/index.ts`, folder).href);
  const { subject }: { subject: SubjectDeclaration } = await import(
    new URL(`${name}/conformance.ts`, folder).href
  );
  databaseConformance(plugin, subject);
}

import { isObject } from '../../../sdk/secret.ts';
import { printValue } from '../../output/print.ts';
import { versionLine } from '../../program-name.ts';
import type { Run } from '../../run.ts';

const fs = process.getBuiltinModule('node:fs');

export async function version(run: Run): Promise<number> {
  const number = ownVersion();
  if (run.format === 'table') run.terminal.out(`${versionLine(run.environment, number)}\n`);
  else await printValue(run, { version: number });
  return 0;
}

/** From the package.json above: two folders further up in the packed package, where everything stands under dist/. */
function ownVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    try {
      const manifest: unknown = JSON.parse(fs.readFileSync(new URL('package.json', folder), 'utf8'));
      if (isObject(manifest) && manifest['name'] === 'coffer') return String(manifest['version']);
    } catch {
      // Not in this folder.
    }
    if (folder.pathname === '/' || new URL('..', folder).href === folder.href) return 'unknown';
  }
}

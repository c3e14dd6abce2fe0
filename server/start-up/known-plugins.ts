import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KnownPlugins } from './configuration/read-stanzas.ts';

/** The folders of plug-ins beside this one; what is not there cannot be configured. */
export function knownPlugins(): KnownPlugins {
  const server = join(import.meta.dirname, '..');
  const folders = (room: string): string[] =>
    readdirSync(join(server, room), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  return { storage: folders('storage'), seals: folders('seals'), auditDevices: folders('audit-devices') };
}

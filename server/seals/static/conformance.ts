import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenSeal } from '../../contracts/conformance/seal-suite.ts';
import { silentLogger } from '../../contracts/logger.ts';
import { plugin } from './index.ts';

/** Each world has its own key file. */
export const open: OpenSeal = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-static-'));
  const keyFile = async (name: string, key: Uint8Array) => {
    const path = join(folder, name);
    await writeFile(path, Buffer.from(key).toString('base64'), { mode: 0o600 });
    return path;
  };
  const context = { environment: {}, logger: silentLogger };
  const key = randomBytes(32);
  const path = await keyFile('key', key);
  const other = await keyFile('other', randomBytes(32));
  return {
    seal: await plugin.open({ key_file: path }, context),
    again: () => plugin.open({ key_file: path }, context),
    withOtherKey: () => plugin.open({ key_file: other }, context),
    replacing: () => plugin.open({ current_key: other, previous_key: `file://${path}` }, context),
    secrets: [key],
    dispose: () => rm(folder, { recursive: true }),
  };
};

import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomBytes } from '../../crypto/random.ts';
import { wipe } from '../../crypto/wipe.ts';

/**
 * Writes a fresh key to `path`, base64, mode 0600, durable when it resolves; makes its folder with 0700.
 * Rejects with EEXIST when there is a file: a key is never replaced by accident.
 */
export async function createStaticKeyFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const key = randomBytes(32);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${key.toString('base64')}\n`);
    await file.sync();
  } finally {
    wipe(key);
    await file.close();
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

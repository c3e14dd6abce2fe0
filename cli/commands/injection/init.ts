import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, reasonOf } from '../../failure.ts';
import { attempt, type Run } from '../../run.ts';
import { onlyWorkspace } from '../named-secrets/workspace.ts';

const fileName = '.coffer.json';

/** Writes the file once the workspace is known to be there. */
export async function init(run: Run): Promise<number> {
  const { client } = await run.clients();
  const wanted = run.words[0] ?? (await onlyWorkspace(client));
  if (wanted === undefined)
    throw new Failure(
      1,
      'there is more than one workspace',
      '`coffer workspaces list` shows them; name one.',
    );
  const answer = await attempt('Error reading the workspace', () =>
    client.platform('GET', `workspaces/${wanted}`),
  );
  const workspace = String(answer['name'] ?? wanted);
  const path = join(process.cwd(), fileName);
  const before = existing(path);
  const tied = before['workspace'];
  if (tied !== undefined && tied !== workspace && !run.flags.on('force'))
    throw new Failure(1, `${fileName} ties this folder to ${String(tied)} already`, '-force changes that.');
  if (tied !== workspace) replace(path, `${JSON.stringify({ ...before, workspace }, null, 2)}\n`);
  run.terminal.out(`This folder uses the workspace ${workspace} (${fileName}).\n`);
  return 0;
}

function existing(path: string): Readonly<Record<string, unknown>> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new Failure(1, `cannot read ${path}: ${reasonOf(error)}`);
  }
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return { ...read };
  } catch {
    // Said below.
  }
  throw new Failure(1, `${path} is there, and is not an object in JSON`, 'Remove it first.');
}

/** Whole or not at all. */
function replace(path: string, text: string): void {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(fresh, text, { flag: 'wx' });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new Failure(1, `cannot write ${path}: ${reasonOf(error)}`);
  }
}

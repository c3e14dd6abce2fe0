import type { CofferClient } from '../../../sdk/client.ts';
import type { Flag } from '../../command.ts';
import { Failure } from '../../failure.ts';
import type { Run } from '../../run.ts';

const fs = process.getBuiltinModule('node:fs');
const path = process.getBuiltinModule('node:path');

export const workspaceFlag: Flag = {
  name: 'workspace',
  aliases: ['w'],
  kind: 'text',
  value: 'NAME',
  summary:
    'The workspace. Else COFFER_WORKSPACE, else .coffer.json here or above, else the only one there is for you, else development.',
};
export const jsonFlag: Flag = { name: 'json', kind: 'boolean', summary: 'The same as -format=json.' };

/** The client of the workspace that the command is about. */
export async function workspaceClient(run: Run): Promise<CofferClient> {
  const { client } = await run.clients();
  const named = run.flags.text('workspace') ?? (run.environment['COFFER_WORKSPACE'] || fromFolder());
  return client.inWorkspace(named ?? (await onlyWorkspace(client)) ?? 'development');
}

/** `{ "workspace": "production" }` in the folder or one above it. */
function fromFolder(): string | undefined {
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const file = path.join(folder, '.coffer.json');
    const text = readIfThere(file);
    if (text !== undefined) return workspaceIn(text, file);
    if (path.dirname(folder) === folder) return undefined;
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function workspaceIn(text: string, file: string): string {
  try {
    const read: unknown = JSON.parse(text);
    if (
      typeof read === 'object' &&
      read !== null &&
      'workspace' in read &&
      typeof read.workspace === 'string'
    )
      return read.workspace;
  } catch {
    // Said below.
  }
  throw new Failure(1, `${file} names no workspace`, 'It holds {"workspace": "NAME"}.');
}

/** Undefined when there are several, or the token may not even list them. */
export async function onlyWorkspace(client: CofferClient): Promise<string | undefined> {
  try {
    const { workspaces } = await client.platform('GET', 'workspaces');
    const [only, ...others] = Array.isArray(workspaces) ? (workspaces as { name: string }[]) : [];
    return others.length === 0 ? only?.name : undefined;
  } catch {
    return undefined;
  }
}

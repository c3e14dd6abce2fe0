import { Failure } from '../../failure.ts';
import { printSecret, printSuccess } from '../../output/print.ts';
import { attempt, type Run, word } from '../../run.ts';
import { apiPath, findTarget, versionsOf } from './mount.ts';

export async function undelete(run: Run): Promise<number> {
  return changeVersions(run, 'undelete');
}

export async function destroy(run: Run): Promise<number> {
  return changeVersions(run, 'destroy');
}

async function changeVersions(run: Run, action: 'undelete' | 'destroy'): Promise<number> {
  const versions = versionsOf(run);
  if (versions.length === 0)
    throw new Failure(
      1,
      `No versions provided, use the "-versions" flag to specify the version to ${action}.`,
    );
  const clients = await run.clients();
  const target = await findTarget(run, clients, word(run, 0));
  if (target.version === 1)
    throw new Failure(1, `${action === 'destroy' ? 'Destroy' : 'Undelete'} not supported on KV Version 1`);
  const path = apiPath(target, action);
  const secret = await attempt(`Error writing data to ${path}`, () =>
    clients.client.write(path, { versions }),
  );
  if (secret !== undefined) return printSecret(run, secret);
  return printSuccess(run, `Success! Data written to: ${path}`);
}

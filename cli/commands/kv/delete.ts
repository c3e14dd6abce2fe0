import { printSecret, printSuccess } from '../../output/print.ts';
import { attempt, type Run, word } from '../../run.ts';
import { apiPath, findTarget, versionsOf } from './mount.ts';

export async function remove(run: Run): Promise<number> {
  const clients = await run.clients();
  const target = await findTarget(run, clients, word(run, 0));
  const path = apiPath(target, 'data');
  const versions = versionsOf(run);
  const secret = await attempt(`Error deleting ${path}`, () =>
    target.version === 2 && versions.length > 0
      ? clients.client.write(apiPath(target, 'delete'), { versions })
      : clients.client.delete(path),
  );
  if (secret !== undefined) return printSecret(run, secret);
  return printSuccess(run, `Success! Data deleted (if it existed) at: ${path}`);
}

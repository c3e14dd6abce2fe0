import type { Secret } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import {
  printField,
  printSecret,
  printSuccess,
  printValue,
  printWarnings,
  sorted,
} from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function create(run: Run): Promise<number> {
  const { client } = await run.clients();
  const path = namespacePath(run);
  const secret = await attempt('Error creating namespace', () =>
    client.write(path, { custom_metadata: run.flags.map('custom-metadata') ?? {} }, 'POST'),
  );
  return printNamespace(run, secret);
}

export async function lookup(run: Run): Promise<number> {
  const { client } = await run.clients();
  const path = namespacePath(run);
  const secret = await attempt('Error looking up namespace', () => client.read(path));
  if (secret === undefined) throw new Failure(2, 'Namespace not found');
  return printNamespace(run, secret);
}

export async function patch(run: Run): Promise<number> {
  const removed = run.flags.list('remove-custom-metadata') ?? [];
  const set = run.flags.map('custom-metadata');
  if (set === undefined && removed.length === 0)
    throw new Failure(1, 'Must supply at least one of -custom-metadata or -remove-custom-metadata');
  const metadata = { ...set, ...Object.fromEntries(removed.map((key) => [key, null])) };
  const { client } = await run.clients();
  const secret = await attempt('Error patching namespace', () =>
    client.patch(namespacePath(run), { custom_metadata: metadata }),
  );
  return printNamespace(run, secret);
}

export async function remove(run: Run): Promise<number> {
  const { client } = await run.clients();
  const name = cleanPath(word(run, 0));
  const secret = await attempt('Error deleting namespace', () => client.delete(namespacePath(run)));
  // The server begins, and says so; with nothing to delete it only warns.
  if (secret?.data?.['status'] === undefined && secret?.warnings) {
    run.terminal.err('Requested namespace does not exist\n');
    return 0;
  }
  return printSuccess(run, `Success! Namespace deletion scheduled: ${name}/`);
}

function namespacePath(run: Run): string {
  return `sys/namespaces/${cleanPath(word(run, 0))}`;
}

/** A namespace itself, without an envelope, as Vault prints it. */
async function printNamespace(run: Run, secret: Secret | undefined): Promise<number> {
  if (secret === undefined) throw new Failure(2, 'Namespace not found');
  if (secret.wrap_info !== null) return printSecret(run, secret);
  const field = run.field();
  if (field !== undefined) return printField(run, field, secret.data?.[field]);
  if (run.format === 'table') await printWarnings(run, secret);
  return printValue(run, sorted(secret.data ?? {}));
}

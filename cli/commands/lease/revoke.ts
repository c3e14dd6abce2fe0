import { Failure } from '../../failure.ts';
import { printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function revoke(run: Run): Promise<number> {
  const id = cleanPath(word(run, 0));
  const sync = run.flags.on('sync');
  const prefix = run.flags.on('prefix');
  const force = run.flags.on('force');
  if (force && !prefix) throw new Failure(1, 'Specifying -force requires also specifying -prefix');
  const { client } = await run.clients();
  if (force) {
    run.terminal.err(
      run.paint(
        'warning',
        'Warning! Credentials that cannot be revoked stay valid where they were issued, and Coffer forgets them!\n',
      ),
    );
    await attempt(`Error force revoking leases with prefix ${id}`, () =>
      client.write(`sys/leases/revoke-force/${id}`),
    );
    return printSuccess(run, `Success! Force revoked any leases with prefix: ${id}`);
  }
  if (prefix)
    await attempt(`Error revoking leases with prefix ${id}`, () =>
      client.write(`sys/leases/revoke-prefix/${id}`, { sync }),
    );
  else
    await attempt(`Error revoking lease ${id}`, () =>
      client.write('sys/leases/revoke', { lease_id: id, sync }),
    );
  if (!sync) return printSuccess(run, 'All revocation operations queued successfully!');
  return printSuccess(
    run,
    prefix ? `Success! Revoked any leases with prefix: ${id}` : `Success! Revoked lease: ${id}`,
  );
}

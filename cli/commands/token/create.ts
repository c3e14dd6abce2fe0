import { Failure } from '../../failure.ts';
import { printSecret } from '../../output/print.ts';
import { attempt, cleanPath, type Run } from '../../run.ts';
import { withoutUndefined } from '../secrets/mount-flags.ts';

export async function create(run: Run): Promise<number> {
  const { flags } = run;
  const body = withoutUndefined({
    id: flags.text('id'),
    policies: flags.list('policy'),
    meta: flags.map('metadata'),
    ttl: flags.text('ttl'),
    explicit_max_ttl: flags.text('explicit-max-ttl'),
    period: flags.text('period'),
    no_parent: flags.on('orphan') || undefined,
    no_default_policy: flags.on('no-default-policy') || undefined,
    display_name: flags.text('display-name'),
    num_uses: flags.number('use-limit'),
    renewable: flags.boolean('renewable') ?? true,
    type: flags.text('type') ?? 'service',
    entity_alias: flags.text('entity-alias'),
  });
  const role = flags.text('role');
  const path = role === undefined ? 'auth/token/create' : `auth/token/create/${cleanPath(role)}`;
  const { client } = await run.clients();
  const secret = await attempt('Error creating token', () => client.write(path, body, 'POST'));
  if (secret === undefined) throw new Failure(2, 'Error creating token: the server returned none');
  return printSecret(run, secret);
}

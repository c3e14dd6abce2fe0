import type { Run } from '../../run.ts';
import { SecretChoice } from './chosen-secrets.ts';
import { environmentOf } from './environment.ts';
import { exported } from './export-formats.ts';

export async function exportSecrets(run: Run): Promise<number> {
  const choice = await SecretChoice.of(run);
  const variables = environmentOf(await choice.read());
  run.terminal.out(exported(run.flags.text('as') ?? 'dotenv', variables, run.flags.text('name') ?? 'coffer'));
  return 0;
}

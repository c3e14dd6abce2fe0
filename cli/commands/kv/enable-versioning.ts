import { printSuccess } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function enableVersioning(run: Run): Promise<number> {
  const mount = `${cleanPath(word(run, 0))}/`;
  const { client } = await run.clients();
  await attempt(`Error tuning secrets engine ${mount}`, () =>
    client.write(`sys/mounts/${cleanPath(mount)}/tune`, { options: { version: '2' } }, 'POST'),
  );
  return printSuccess(run, `Success! Tuned the secrets engine at: ${mount}`);
}

import { attempt, type Run } from '../../run.ts';
import { printWritten, readTarget } from './write.ts';

export async function patch(run: Run): Promise<number> {
  const { path, data } = readTarget(run);
  const { client } = await run.clients();
  const secret = await attempt(`Error writing data to ${path}`, () => client.patch(path, data));
  return printWritten(run, path, secret);
}

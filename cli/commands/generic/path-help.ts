import { isObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { printValue } from '../../output/print.ts';
import { attempt, cleanPath, type Run, word } from '../../run.ts';

export async function pathHelp(run: Run): Promise<number> {
  const path = cleanPath(word(run, 0));
  const { client } = await run.clients();
  const { body } = await attempt('Error retrieving help', () =>
    client.request('GET', path, { query: { help: '1' } }),
  );
  if (run.format !== 'table') return printValue(run, body);
  const direct = isObject(body) ? body['help'] : undefined;
  const nested = isObject(body) && isObject(body['data']) ? body['data']['help'] : undefined;
  const help = direct ?? nested;
  if (typeof help !== 'string') throw new Failure(2, `No help for ${path}`);
  run.terminal.out(`${help.trimEnd()}\n`);
  return 0;
}

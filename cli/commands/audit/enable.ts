import { readDataArguments } from '../../arguments/data-arguments.ts';
import { Failure } from '../../failure.ts';
import { goText } from '../../output/go-text.ts';
import { printSuccess, printWarnings } from '../../output/print.ts';
import { attempt, cleanPath, type Run } from '../../run.ts';
import { withoutUndefined } from '../secrets/mount-flags.ts';

export async function enable(run: Run): Promise<number> {
  const type = run.words[0]?.trim();
  if (type === undefined)
    throw new Failure(
      1,
      "Error enabling audit device: audit type missing. Valid types include 'file', 'socket' and 'syslog'.",
    );
  const data = readDataArguments(run.words.slice(1), () => run.terminal.readInput());
  const options = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, goText(value)]));
  const path = cleanPath(run.flags.text('path') ?? type);
  const body = withoutUndefined({
    type,
    description: run.flags.text('description'),
    local: run.flags.boolean('local'),
    options,
  });
  const { client } = await run.clients();
  const reply = await attempt('Error enabling audit device', () => client.write(`sys/audit/${path}`, body));
  await printWarnings(run, reply);
  return printSuccess(run, `Success! Enabled the ${type} audit device at: ${path}/`);
}

import { isObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { compare, goText } from '../../output/go-text.ts';
import { printSecret, printValue } from '../../output/print.ts';
import { renderTableWithHeader } from '../../output/table.ts';
import { attempt, type Run } from '../../run.ts';

export async function list(run: Run): Promise<number> {
  const { client } = await run.clients();
  const secret = await attempt('Error listing audits', () => client.read('sys/audit'));
  if (secret?.wrap_info) return printSecret(run, secret);
  const devices = Object.entries(secret?.data ?? {}).sort(([a], [b]) => compare(a, b));
  if (run.format !== 'table') return printValue(run, Object.fromEntries(devices));
  if (devices.length === 0) throw new Failure(2, 'No audit devices are enabled.');
  const detailed = run.flags.on('detailed');
  const rows = devices.map(([path, device]) => (isObject(device) ? row(path, device, detailed) : [path]));
  run.terminal.out(
    renderTableWithHeader(
      ['Path', 'Type', 'Description', ...(detailed ? ['Replication', 'Options'] : [])],
      rows,
    ),
  );
  return 0;
}

function row(path: string, device: Readonly<Record<string, unknown>>, detailed: boolean): string[] {
  const options = isObject(device['options']) ? Object.entries(device['options']) : [];
  return [
    path,
    goText(device['type'] ?? ''),
    goText(device['description'] ?? ''),
    ...(detailed
      ? [
          device['local'] === true ? 'local' : 'replicated',
          options
            .sort(([a], [b]) => compare(a, b))
            .map(([key, value]) => `${key}=${goText(value)}`)
            .join(' '),
        ]
      : []),
  ];
}

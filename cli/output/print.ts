import { stringifyJsonForHtml } from '../../formats/json/index.ts';
import type { Secret, SecretAuth } from '../../sdk/secret.ts';
import { Failure } from '../failure.ts';
import type { Run } from '../run.ts';
import { goText } from './go-text.ts';
import { renderMap } from './table.ts';

/** Prints a secret in the format asked for, or the field asked for. Returns the exit code 0. */
export async function printSecret(run: Run, secret: Secret): Promise<number> {
  const field = run.field();
  if (field !== undefined) {
    const { fieldOfSecret } = await import('./secret-fields.ts');
    return printField(run, field, fieldOfSecret(secret, field));
  }
  if (run.format !== 'table') return printValue(run, jsonSecret(secret));
  await printWarnings(run, secret);
  const { renderSecret } = await import('./secret-table.ts');
  run.terminal.out(renderSecret(secret));
  return 0;
}

export async function printWarnings(run: Run, secret: Secret | undefined): Promise<void> {
  if (!secret?.warnings) return;
  const { renderWarnings } = await import('./warnings.ts');
  run.terminal.err(run.paint('warning', renderWarnings(secret.warnings)));
}

/** Prints one value alone: without a newline where a script reads it, with one on a terminal. */
export async function printField(run: Run, field: string, value: unknown): Promise<number> {
  if (value === undefined || value === null) throw new Failure(1, `Field "${field}" not present in secret`);
  const text = run.format === 'json' || run.format === 'yaml' ? await inFormat(run, value) : goText(value);
  run.terminal.out(run.terminal.outIsTerminal && !text.endsWith('\n') ? `${text}\n` : text);
  return 0;
}

/** Prints any value as JSON or YAML, or as a `Key Value` table. Returns 0. */
export async function printValue(run: Run, value: unknown): Promise<number> {
  if (run.format === 'table' && isPlainObject(value)) run.terminal.out(renderMap(value));
  else {
    const text = await inFormat(run, value);
    run.terminal.out(text.endsWith('\n') ? text : `${text}\n`);
  }
  return 0;
}

async function inFormat(run: Run, value: unknown): Promise<string> {
  if (run.format !== 'yaml') return stringifyJsonForHtml(value, 2);
  const { renderYaml } = await import('./yaml.ts');
  return renderYaml(value);
}

/** `Success! …`, for formats that have a place for it: under JSON and YAML a command without a result prints nothing. */
export function printSuccess(run: Run, message: string): number {
  if (run.format === 'table') run.terminal.out(`${message}\n`);
  return 0;
}

/** A secret with its parts in the order in which Vault prints them; maps of unknown keys are sorted. */
export function jsonSecret(secret: Secret): Record<string, unknown> {
  return {
    request_id: secret.request_id,
    lease_id: secret.lease_id,
    lease_duration: secret.lease_duration,
    renewable: secret.renewable,
    data: sorted(secret.data),
    warnings: secret.warnings,
    ...(secret.auth === null ? {} : { auth: jsonAuth(secret.auth) }),
    ...(secret.wrap_info === null ? {} : { wrap_info: secret.wrap_info }),
  };
}

function jsonAuth(auth: SecretAuth): Record<string, unknown> {
  return { ...auth, metadata: sorted(auth.metadata) };
}

/** The same value with the keys of every map in order. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

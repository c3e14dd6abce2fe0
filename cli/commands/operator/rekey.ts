import type { CofferClient } from '../../../sdk/client.ts';
import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { goText } from '../../output/go-text.ts';
import { printSecret, printSuccess, printValue } from '../../output/print.ts';
import { renderKeyValues } from '../../output/table.ts';
import { inOurName } from '../../program-name.ts';
import { attempt, type Run } from '../../run.ts';
import { withoutUndefined } from '../secrets/mount-flags.ts';
import { askKey } from './ask-key.ts';
import { readPgpKeys } from './pgp-keys.ts';

export async function rekey(run: Run): Promise<number> {
  const { flags } = run;
  const base = basePath(flags.text('target') ?? 'barrier');
  if (flags.on('cancel')) return cancel(run, base);
  if (flags.on('init')) return start(run, base);
  if (flags.on('status')) return status(run, base);
  if (flags.on('backup-retrieve')) return retrieveBackup(run, base);
  if (flags.on('backup-delete')) return deleteBackup(run, base);
  return provide(run, base);
}

function basePath(target: string): string {
  if (target === 'barrier') return 'sys/rekey';
  if (target === 'recovery' || target === 'hsm') return 'sys/rekey-recovery-key';
  throw new Failure(1, `Unknown target: ${target}`);
}

/** The operation, or the verification of its result. */
function stepPath(run: Run, base: string): string {
  return run.flags.on('verify') ? `${base}/verify` : `${base}/init`;
}

async function start(run: Run, base: string): Promise<number> {
  const { flags } = run;
  const pgpKeys = readPgpKeys('pgp-keys', flags.list('pgp-keys'));
  const body = withoutUndefined({
    secret_shares: flags.number('key-shares') || 5,
    secret_threshold: flags.number('key-threshold') || 3,
    pgp_keys: pgpKeys,
    backup: flags.on('backup') || undefined,
    require_verification: flags.on('verify') || undefined,
  });
  const { client } = await run.clients();
  const answer = await send(client, 'Error initializing rekey', 'PUT', `${base}/init`, body);
  const began =
    'started' in answer ? answer : await send(client, 'Error reading rekey status', 'GET', `${base}/init`);
  if (run.format === 'table' && pgpKeys === undefined)
    run.terminal.err(
      run.paint(
        'warning',
        'WARNING! If you lose the keys after they are returned, there is no recovery.\n-pgp-keys encrypts each share for its holder, and -backup lets the server keep them encrypted.\nTo begin again with those, cancel this operation (-cancel).\n',
      ),
    );
  if (run.format === 'table') run.terminal.out('\n');
  return printStatus(run, began);
}

async function cancel(run: Run, base: string): Promise<number> {
  const { client } = await run.clients();
  const body = withoutUndefined({ nonce: run.flags.text('nonce') });
  await send(
    client,
    'Error canceling rekey',
    'DELETE',
    stepPath(run, base),
    Object.keys(body).length ? body : undefined,
  );
  return printSuccess(run, 'Success! Canceled rekeying (if it was started)');
}

async function status(run: Run, base: string): Promise<number> {
  const { client } = await run.clients();
  return printStatus(run, await send(client, 'Error reading rekey status', 'GET', stepPath(run, base)));
}

async function provide(run: Run, base: string): Promise<number> {
  const { client } = await run.clients();
  const verifying = run.flags.on('verify');
  const current = await send(client, 'Error getting rekey status', 'GET', stepPath(run, base));
  if (current['started'] !== true)
    throw new Failure(
      1,
      inOurName(
        run.environment,
        'No rekey is in progress. Start a rekey process by running "coffer operator rekey -init".',
      ),
    );
  const body = {
    key: await askKey(run, 'Rekey key (will be hidden): '),
    nonce: nonceFor(run, current),
  };
  const path = verifying ? `${base}/verify` : `${base}/update`;
  const answer = await send(client, 'Error posting unseal key', 'PUT', path, body);
  if (answer['complete'] !== true) {
    const open =
      'started' in answer
        ? answer
        : await send(client, 'Error reading rekey status', 'GET', stepPath(run, base));
    return printStatus(run, open);
  }
  if (run.format !== 'table') return printValue(run, answer);
  if (verifying)
    return printSuccess(
      run,
      'Rekey verification successful. The rekey operation is complete and the new\nkeys are now active.',
    );
  run.terminal.out(renderKeys(answer, current));
  return answer['verification_required'] === true ? printVerification(run, client, base) : 0;
}

/** Given on the command line, or shown on the terminal beside the prompt; never taken silently for a piped key. */
function nonceFor(run: Run, current: JsonObject): string {
  const given = run.flags.text('nonce');
  if (given !== undefined) return given;
  if (run.words[0] !== undefined) throw new Failure(1, 'Missing nonce value: specify it via the -nonce flag');
  const nonce = goText(current['nonce'] ?? '');
  run.terminal.out(`Rekey operation nonce: ${nonce}\n`);
  return nonce;
}

function renderKeys(answer: JsonObject, before: JsonObject): string {
  const prints = Array.isArray(answer['pgp_fingerprints']) ? answer['pgp_fingerprints'] : [];
  const keys = Array.isArray(answer['keys_base64']) ? answer['keys_base64'] : [];
  const lines = keys.map((key, index) => {
    const print = prints[index];
    return `Key ${index + 1}${print ? ` fingerprint: ${goText(print)}; value` : ''}: ${goText(key)}\n`;
  });
  const [shares, threshold] = [goText(before['n']), goText(before['t'])];
  const advice =
    answer['verification_required'] === true
      ? `The new key is split into ${shares} shares, of which ${threshold} will be needed. They are not
active until they have been verified: keep the present ones until then.\n\n`
      : `The keys are now ${shares} shares, of which ${threshold} unseal Coffer. Hand each to another person;
the former shares are worth nothing from now on.\n`;
  return `\n${lines.join('')}\nOperation nonce: ${goText(answer['nonce'])}\n\n${advice}`;
}

async function printVerification(run: Run, client: CofferClient, base: string): Promise<number> {
  run.terminal.err(
    run.paint(
      'warning',
      inOurName(
        run.environment,
        'The new key shares are not valid until they have been verified: `coffer operator rekey -verify` takes them one by one.\nUntil then the present shares unseal Coffer, and sealing it discards the new ones.\n',
      ),
    ),
  );
  run.terminal.out('\n');
  return printStatus(run, await send(client, 'Error reading rekey status', 'GET', `${base}/verify`), true);
}

async function printStatus(
  run: Run,
  answer: JsonObject,
  verifying = run.flags.on('verify') && !run.flags.on('init'),
): Promise<number> {
  if (run.format !== 'table') return printValue(run, answer);
  run.terminal.out(renderKeyValues(verifying ? verificationRows(answer) : statusRows(answer)));
  return 0;
}

function statusRows(answer: JsonObject): [string, string][] {
  const row = (label: string, key: string): [string, string] => [label, goText(answer[key] ?? '')];
  const started = answer['started'] === true;
  const prints = answer['pgp_fingerprints'];
  return [
    row('Nonce', 'nonce'),
    ['Started', String(started)],
    ...(started
      ? [
          ['Progress', `${goText(answer['progress'])}/${goText(answer['required'])}`] as [string, string],
          row('New Shares', 'n'),
          row('New Threshold', 't'),
          ['Verification Required', String(answer['verification_required'] === true)] as [string, string],
          ...(answer['verification_nonce'] ? [row('Verification Nonce', 'verification_nonce')] : []),
        ]
      : []),
    ...(Array.isArray(prints) && prints.length > 0
      ? [row('PGP Fingerprints', 'pgp_fingerprints'), row('Backup', 'backup')]
      : []),
  ];
}

function verificationRows(answer: JsonObject): [string, string][] {
  const row = (label: string, key: string): [string, string] => [label, goText(answer[key] ?? '')];
  return [
    ['Started', String(answer['started'] === true)],
    row('New Shares', 'n'),
    row('New Threshold', 't'),
    row('Verification Nonce', 'nonce'),
    ['Verification Progress', `${goText(answer['progress'])}/${goText(answer['t'])}`],
  ];
}

async function retrieveBackup(run: Run, base: string): Promise<number> {
  const { client } = await run.clients();
  const path = base === 'sys/rekey' ? 'sys/rekey/backup' : 'sys/rekey/recovery-key-backup';
  const secret = await attempt('Error retrieving rekey backed up keys', () => client.read(path));
  if (secret === undefined) throw new Failure(2, 'Error retrieving rekey backed up keys: there are none');
  return printSecret(run, secret);
}

async function deleteBackup(run: Run, base: string): Promise<number> {
  const { client } = await run.clients();
  const path = base === 'sys/rekey' ? 'sys/rekey/backup' : 'sys/rekey/recovery-key-backup';
  await attempt('Error deleting rekey backed up keys', () => client.delete(path));
  return printSuccess(run, 'Success! Delete backed up keys (if they existed)');
}

/** These endpoints answer without an envelope; a server that sends one repeats its data at the top. */
async function send(
  client: CofferClient,
  what: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<JsonObject> {
  const answer = await attempt(what, () => client.request(method, path, { body }));
  return isObject(answer.body) ? answer.body : {};
}

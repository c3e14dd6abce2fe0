import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { printValue } from '../../output/print.ts';
import { inOurName } from '../../program-name.ts';
import { attempt, type Run } from '../../run.ts';
import { withoutUndefined } from '../secrets/mount-flags.ts';
import { readPgpKey, readPgpKeys } from './pgp-keys.ts';

export async function init(run: Run): Promise<number> {
  if (run.flags.on('status')) return printInitialised(run);
  const { client } = await run.clients();
  const request = await composeRequest(run);
  const { body } = await attempt('Error initializing', () =>
    client.request('PUT', 'sys/init', { body: request }),
  );
  const answer = isObject(body) ? body : {};
  if (run.format !== 'table') return printValue(run, jsonAnswer(answer, request));
  run.terminal.out(renderAnswer(answer, request, (advice) => inOurName(run.environment, advice)));
  return 0;
}

async function printInitialised(run: Run): Promise<number> {
  const { client } = await run.clients();
  const { body } = await attempt('Error checking init status', () => client.request('GET', 'sys/init'), 1);
  const initialised = isObject(body) && body['initialized'] === true;
  if (run.format !== 'table') await printValue(run, { Initialized: initialised });
  else run.terminal.out(initialised ? 'Vault is initialized\n' : 'Vault is not initialized\n');
  return initialised ? 0 : 2;
}

/** A server that unseals itself takes recovery shares and no others; which kind it is, its seal status says. */
async function composeRequest(run: Run): Promise<JsonObject> {
  const { flags } = run;
  const recovery = await sealsWithKey(run);
  if (recovery && (flags.given('key-shares') || flags.given('key-threshold')))
    throw new Failure(1, 'This server unseals itself: use -recovery-shares and -recovery-threshold');
  const count = (name: string, standard: number): number => flags.number(name) || standard;
  const rootKey = flags.text('root-token-pgp-key');
  return withoutUndefined({
    secret_shares: recovery ? undefined : count('key-shares', 5),
    secret_threshold: recovery ? undefined : count('key-threshold', 3),
    pgp_keys: readPgpKeys('pgp-keys', flags.list('pgp-keys')),
    recovery_shares: recovery ? count('recovery-shares', 5) : undefined,
    recovery_threshold: recovery ? count('recovery-threshold', 3) : undefined,
    recovery_pgp_keys: readPgpKeys('recovery-pgp-keys', flags.list('recovery-pgp-keys')),
    root_token_pgp_key: rootKey === undefined ? undefined : readPgpKey('root-token-pgp-key', rootKey),
  });
}

async function sealsWithKey(run: Run): Promise<boolean> {
  const { asking } = await run.clients();
  const { body } = await attempt('Error checking seal status', () =>
    asking.request('GET', 'sys/seal-status'),
  );
  return (
    isObject(body) &&
    (body['recovery_seal'] === true || (body['type'] !== 'shamir' && body['type'] !== undefined))
  );
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function jsonAnswer(answer: JsonObject, request: JsonObject): JsonObject {
  const recovery = texts(answer['recovery_keys_base64']);
  return {
    unseal_keys_b64: texts(answer['keys_base64']),
    unseal_keys_hex: texts(answer['keys']),
    unseal_shares: request['secret_shares'] ?? 0,
    unseal_threshold: request['secret_threshold'] ?? 0,
    recovery_keys_b64: recovery.length === 0 ? null : recovery,
    recovery_keys_hex: recovery.length === 0 ? null : texts(answer['recovery_keys']),
    recovery_keys_shares: recovery.length === 0 ? 0 : (request['recovery_shares'] ?? 0),
    recovery_keys_threshold: recovery.length === 0 ? 0 : (request['recovery_threshold'] ?? 0),
    root_token: answer['root_token'],
  };
}

function renderAnswer(answer: JsonObject, request: JsonObject, said: (advice: string) => string): string {
  const unseal = texts(answer['keys_base64']).map((key, index) => `Unseal Key ${index + 1}: ${key}\n`);
  const recovery = texts(answer['recovery_keys_base64']).map(
    (key, index) => `Recovery Key ${index + 1}: ${key}\n`,
  );
  const threshold = String(request['secret_threshold'] ?? request['recovery_threshold']);
  const shares = String(request['secret_shares'] ?? request['recovery_shares']);
  const advice =
    unseal.length > 0
      ? `
Coffer is initialized with ${shares} key shares and a key threshold of ${threshold}. They are shown
this once and stored nowhere: hand each share to another person, and keep them safe.
Whenever Coffer starts or is sealed, ${threshold} of them unseal it (coffer operator unseal).

Without ${threshold} of these keys the data cannot be read again, by anybody.
"coffer operator rekey" replaces them as long as you still have ${threshold}.
`
      : `
Coffer is initialized with ${shares} recovery shares and a threshold of ${threshold}. It unseals itself;
the recovery keys are for a new root token, for rekeying and for a change of seal.
They are shown this once and stored nowhere.
`;
  const keys = [...unseal, ...recovery].join('');
  return `${keys}\nInitial Root Token: ${String(answer['root_token'])}\n${said(advice)}`;
}

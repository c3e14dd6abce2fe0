import { randomInt } from 'node:crypto';
import type { CofferClient } from '../../../sdk/client.ts';
import { isObject, type JsonObject } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { goText } from '../../output/go-text.ts';
import { printField, printSuccess, printValue } from '../../output/print.ts';
import { renderTable } from '../../output/table.ts';
import { inOurName } from '../../program-name.ts';
import { attempt, type Run } from '../../run.ts';
import { withoutUndefined } from '../secrets/mount-flags.ts';
import { askKey } from './ask-key.ts';
import { readPgpKey } from './pgp-keys.ts';

const attemptPath = 'sys/generate-root/attempt';

export async function generateRoot(run: Run): Promise<number> {
  const { flags } = run;
  if (flags.on('generate-otp')) return generateOtp(run);
  if (flags.given('decode')) return decode(run);
  if (flags.on('cancel')) return cancel(run);
  if (flags.on('init')) return start(run);
  if (flags.on('status')) return printStatus(run, await readStatus(run));
  return provide(run);
}

async function generateOtp(run: Run): Promise<number> {
  const length = Number((await readStatus(run))['otp_length'] ?? 28);
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  const otp = Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
  if (run.format !== 'table') return printValue(run, { otp, otp_length: length });
  return printField(run, 'otp', otp);
}

/** The encoded token is the token and the one-time password, byte by byte exclusive-or, in base64 without padding. */
async function decode(run: Run): Promise<number> {
  const otp = fromInput(run, run.flags.text('otp'));
  const encoded = fromInput(run, run.flags.text('decode')) ?? '';
  if (otp === undefined) throw new Failure(1, 'Missing otp: use -otp to supply it');
  const bytes = Buffer.from(encoded, 'base64');
  const password = Buffer.from(otp, 'utf8');
  if (bytes.length !== password.length)
    throw new Failure(
      1,
      `Error decoding root token: the encoded token has ${bytes.length} bytes and the one-time password ${password.length}`,
    );
  const token = Buffer.from(bytes.map((byte, index) => byte ^ (password[index] ?? 0))).toString('utf8');
  if (run.format !== 'table') return printValue(run, { token });
  return printField(run, 'token', token);
}

function fromInput(run: Run, value: string | undefined): string | undefined {
  return value === '-' ? run.terminal.readInput().trim() : value;
}

async function cancel(run: Run): Promise<number> {
  const { client } = await run.clients();
  const body = withoutUndefined({ nonce: run.flags.text('nonce') });
  await attempt('Error canceling root token generation', () =>
    client.request('DELETE', attemptPath, Object.keys(body).length === 0 ? {} : { body }),
  );
  return printSuccess(run, 'Success! Root token generation canceled (if it was started)');
}

async function start(run: Run): Promise<number> {
  const { client } = await run.clients();
  const pgpKey = run.flags.text('pgp-key');
  const otp = fromInput(run, run.flags.text('otp'));
  const body = withoutUndefined({
    otp,
    pgp_key: pgpKey === undefined ? undefined : readPgpKey('pgp-key', pgpKey),
  });
  const { body: answer } = await attempt('Error initializing root generation', () =>
    client.request('PUT', attemptPath, { body }),
  );
  if (otp === undefined && pgpKey === undefined && run.format === 'table')
    run.terminal.err(
      run.paint(
        'warning',
        'The one-time password under OTP was made for you. Keep it: the new root token is decoded with it (-decode).\n',
      ),
    );
  return printStatus(run, isObject(answer) ? answer : {});
}

async function provide(run: Run): Promise<number> {
  const { client } = await run.clients();
  const current = await readStatus(run);
  if (current['started'] !== true)
    throw new Failure(
      1,
      inOurName(
        run.environment,
        'No root generation is in progress. Start a root generation by running "coffer operator generate-root -init".',
      ),
    );
  const nonce = run.flags.text('nonce');
  if (nonce === undefined && run.words[0] !== undefined)
    throw new Failure(1, 'Missing nonce value: specify it via the -nonce flag');
  if (nonce === undefined) run.terminal.out(`Operation nonce: ${goText(current['nonce'])}\n`);
  const key = await askKey(run, 'Unseal Key (will be hidden): ');
  return printStatus(run, await postShare(client, key, nonce ?? goText(current['nonce'])));
}

async function postShare(client: CofferClient, key: string, nonce: string): Promise<JsonObject> {
  const { body } = await attempt('Error posting unseal key', () =>
    client.request('PUT', 'sys/generate-root/update', { body: { key, nonce } }),
  );
  return isObject(body) ? body : {};
}

async function readStatus(run: Run): Promise<JsonObject> {
  const { client } = await run.clients();
  const { body } = await attempt('Error getting root generation status', () =>
    client.request('GET', attemptPath),
  );
  return isObject(body) ? body : {};
}

async function printStatus(run: Run, status: JsonObject): Promise<number> {
  if (run.format !== 'table') return printValue(run, status);
  const rows: [string, string][] = [
    ['Nonce', goText(status['nonce'] ?? '')],
    ['Started', goText(status['started'])],
    ['Progress', `${goText(status['progress'])}/${goText(status['required'])}`],
    ['Complete', goText(status['complete'])],
    ...optional('PGP Fingerprint', status['pgp_fingerprint']),
    ...optional('Encoded Token', status['encoded_token']),
    ...optional('OTP', status['otp']),
    ...optional('OTP Length', status['otp_length']),
  ];
  run.terminal.out(renderTable(rows));
  return 0;
}

function optional(label: string, value: unknown): [string, string][] {
  return value ? [[label, goText(value)]] : [];
}

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callServer, startTestServer } from '../../tests/start-server.ts';
import { compactJson, maskAnswer, maskDifferences } from './mask-answer.ts';
import type { ExampleFile, HttpExample } from './parse-examples.ts';

export interface MaskedAnswer {
  readonly status: number;
  /** Masked JSON, or the first line of anything else; undefined without a body. */
  readonly body: unknown;
}

/** Runs the requests of one file in order against a new server in memory, whose folder holds a `seal.key`. Names given: `root_token`, `unseal_key`, `folder`. */
export async function runExamples(file: ExampleFile): Promise<MaskedAnswer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'coffer-examples-'));
  writeFileSync(join(folder, 'seal.key'), randomBytes(32), { mode: 0o600 });
  const server = await startTestServer({
    folder,
    isSealed: file.isUninitialised,
    configuration: JSON.parse(JSON.stringify(file.configuration).replaceAll('{{folder}}', folder)),
  });
  try {
    const { rootToken, unsealKey } = server;
    const values = new Map(Object.entries({ root_token: rootToken, unseal_key: unsealKey, folder }));
    const answers: MaskedAnswer[] = [];
    for (const example of file.examples) answers.push(await runOne(server.port, example, values));
    return answers;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOne(
  port: number,
  example: HttpExample,
  values: Map<string, string>,
): Promise<MaskedAnswer> {
  const filled = (text: string) =>
    text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      const value = values.get(name);
      if (value === undefined) throw new Error(`"${example.title}": nothing has saved ${name}`);
      return value;
    });
  const { 'X-Vault-Token': given = '{{root_token}}', ...headers } = example.headers;
  const token = given === 'none' ? null : filled(given);
  const { status, text } = await callServer(port, example.method, filled(example.target), {
    token,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)])),
    ...(example.body === undefined ? {} : { body: filled(example.body) }),
  });
  const answer = parsed(text);
  for (const { name, from } of example.saved) {
    const found = from
      .split('.')
      .reduce<unknown>(
        (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
        answer,
      );
    if (typeof found !== 'string') throw new Error(`"${example.title}": no ${from} in ${status} ${text}`);
    values.set(name, found);
  }
  const known = new Map([...values].map(([name, value]) => [value, name]));
  return { status, body: maskAnswer(answer, { known, loose: example.loose }) };
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return `${text.split('\n')[0]}${text.trimEnd().includes('\n') ? '\n…' : ''}`;
  }
}

/** Answers of two runs, with what differs masked, as they are written into the file. */
export async function recordExamples(
  file: ExampleFile,
): Promise<{ readonly status: number; readonly text: string }[]> {
  const first = await runExamples(file);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const second = await runExamples(file);
  return first.map(({ status, body }, index) => {
    const both = maskDifferences(body, second[index]?.body);
    return { status, text: body === undefined ? '' : compactJson(both) };
  });
}

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DeclaredField,
  type DeclaredOperation,
  type DeclaredPath,
  declaredPaths,
  mountEverything,
} from '../tests/declared-paths.ts';
import { startTestServer } from '../tests/start-server.ts';
import { exampleFiles } from './http-examples/example-files.ts';
import { matchExamples, type NamedRoute } from './http-examples/match-examples.ts';
import type { HttpExample } from './http-examples/parse-examples.ts';
import { printExample } from './http-examples/print-example.ts';
import { projectFolder } from './source-files.ts';

export const referenceFolder = join(projectFolder, 'docs/reference/http-api');
export const missingFile = join(projectFolder, 'tests/conformance/http-examples-missing.json');

const notice =
  '<!-- Generated from the path declarations and the examples.http beside them by tools/generate-http-reference.ts; a test keeps it current. Run: npm run docs -->';

const titles: Readonly<Record<string, string>> = {
  'secret/': 'KV version 2',
  'kv/': 'KV version 1',
  'sys/': 'System',
  'identity/': 'Identity',
};

export interface HttpReference {
  /** File name and text. */
  readonly files: ReadonlyMap<string, string>;
  /** Operations without an example, sorted. */
  readonly missing: readonly string[];
  /** Where every type is mounted (`auth/userpass/`). */
  readonly mounts: readonly string[];
}

/** The whole of docs/reference/http-api, from the declarations of a server that has everything mounted. */
export async function renderReference(): Promise<HttpReference> {
  const server = await startTestServer();
  let paths: readonly DeclaredPath[];
  try {
    await mountEverything(server.call);
    paths = await declaredPaths(server);
  } finally {
    await server.stop();
  }
  const routes = paths.flatMap((path) => path.operations.map((operation) => routeOf(path, operation)));
  const examples = matchExamples(routes, await exampleFiles());
  const mounts = [...new Set(paths.map(({ mount }) => mount))].sort();
  const files = new Map<string, string>();
  const rows: string[] = [];
  const twins = new Map<string, string>();
  const missing: string[] = [];
  for (const mount of mounts) {
    const own = paths.filter((path) => path.mount === mount);
    const same = JSON.stringify(own.map(({ route, methods, fields }) => [route, methods, fields]));
    const twin = twins.get(same);
    if (twin !== undefined) {
      rows.push(`| \`${mount}\` | as [${titleOf(twin)}](${fileOf(twin)}) | |`);
      continue;
    }
    twins.set(same, mount);
    const names = own.flatMap((path) => path.operations.map((operation) => routeOf(path, operation).name));
    missing.push(...names.filter((name) => !examples.has(name)));
    files.set(fileOf(mount), pageOf(mount, own, examples));
    rows.push(`| \`${mount}\` | [${titleOf(mount)}](${fileOf(mount)}) | ${names.length} |`);
  }
  files.set('README.md', indexOf(rows));
  return { files, missing: missing.sort(), mounts };
}

/** Beginnings (`auth/jwt/`) and names of operations that are known to have no example yet. Only ever gets shorter. */
export function knownMissing(): readonly string[] {
  const known: readonly string[] = JSON.parse(readFileSync(missingFile, 'utf8'));
  return known;
}

const fileOf = (mount: string): string =>
  `${titles[mount]?.startsWith('KV') ? titles[mount].toLowerCase().replaceAll(' ', '-') : mount.slice(0, -1).replaceAll('/', '-')}.md`;
const titleOf = (mount: string): string => titles[mount] ?? mount.slice(0, -1);

function routeOf({ mount, route }: DeclaredPath, { method }: DeclaredOperation): NamedRoute {
  const whole = (mount + route).replace(/\/$/, '');
  return { name: `${method} ${whole}`, method, route: whole };
}

function indexOf(rows: readonly string[]): string {
  return `# HTTP API

${notice}

Every path that a server with all plug-ins serves, with an example for each operation. The examples are run by a test, in the order
of the \`examples.http\` files that they come from. \`$COFFER_ADDR\` is the server's address (\`https://127.0.0.1:8200\`), \`$COFFER_TOKEN\` a token that may do it;
other \`$NAMES\` are what an earlier answer held.

An answer in Vault's envelope always has \`request_id\`, \`lease_id\`, \`renewable\`, \`lease_duration\`, \`data\`, \`wrap_info\`, \`warnings\` and \`auth\`;
the examples leave out those that are empty, and keys of \`data\` that \`sys/\` repeats beside it. \`<uuid>\`, \`<time>\`, \`<string>\` and the like stand for what differs each time,
\`…\` for more of the same. Errors: [the table](../errors.md).

\`LIST\` can also be sent as \`GET\` with \`?list=true\`, and \`PUT\` is \`POST\`. A path works below its mount, wherever that is; here, mounts are at the name of their type.

| mount | reference | operations |
| --- | --- | --- |
${rows.join('\n')}
`;
}

function pageOf(
  mount: string,
  paths: readonly DeclaredPath[],
  examples: ReadonlyMap<string, HttpExample>,
): string {
  const sorted = [...paths].sort((a, b) => (a.route < b.route ? -1 : 1));
  const contents = sorted.map(({ route, synopsis }) => {
    const name = (mount + route).replace(/\/$/, '');
    return `- [\`${name}\`](#${anchorOf(name)}): ${synopsis}`;
  });
  const sections = sorted.map((path) => sectionOf(path, examples));
  return `# ${titleOf(mount)}\n\n${notice}\n\n[HTTP API](README.md)\n\n${contents.join('\n')}\n\n${sections.join('\n')}`;
}

const anchorOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9_ -]/g, '');

function sectionOf(path: DeclaredPath, examples: ReadonlyMap<string, HttpExample>): string {
  const name = (path.mount + path.route).replace(/\/$/, '');
  const description = path.operations.find((operation) => operation.description)?.description ?? '';
  const operations = path.operations.map((operation) => {
    const route = routeOf(path, operation);
    return operationOf(operation, route, examples.get(route.name));
  });
  const parameters = path.parameterFields.map((field) => rowOf({ ...field, required: false }, 'path'));
  return [
    `## \`${name}\`\n`,
    `${path.synopsis}${description ? ` ${description}` : ''}\n`,
    ...(parameters.length > 0 ? [tableOf(parameters)] : []),
    ...operations,
  ].join('\n');
}

const access: Readonly<Record<DeclaredOperation['access'], string>> = {
  token: '',
  sudo: ' Needs the `sudo` capability.',
  anyone: ' Needs no token.',
};

function operationOf(operation: DeclaredOperation, { route }: NamedRoute, example?: HttpExample): string {
  const { method, summary, isBare } = operation;
  const parts = [
    `### ${summary}\n`,
    `\`${method} /v1/${route}\`.${access[operation.access]}${isBare ? ' Answered without the envelope.' : ''}${operation.takesAnyField ? ' Takes any field.' : ''}\n`,
  ];
  const fields = [
    ...operation.query.map((field) => rowOf(field, 'query')),
    ...operation.body.map((field) => rowOf(field, 'body')),
  ];
  if (fields.length > 0) parts.push(tableOf(fields));
  if (example) parts.push(printExample(example));
  return parts.join('\n');
}

const tableOf = (rows: readonly string[]): string =>
  `| field | in | type | |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`;

function rowOf(field: DeclaredField, where: 'path' | 'query' | 'body'): string {
  const { name, type = 'any', format, items, required, allowed, standard, description } = field;
  const kind = format === 'kvpairs' ? 'texts by name' : (format ?? (items ? `list of ${items}` : type));
  const facts = [
    description.replaceAll('|', '\\|').replace(/([^.])$/, '$1.'),
    ...(required ? ['Required.'] : []),
    ...(allowed ? [`One of ${allowed.map((value) => `\`${String(value)}\``).join(', ')}.`] : []),
    ...(standard === undefined || standard === '' ? [] : [`Default \`${JSON.stringify(standard)}\`.`]),
  ];
  return `| \`${name}\` | ${where} | ${kind} | ${facts.join(' ')} |`;
}

/** Writes the folder anew, and the list of what is missing where that got shorter. */
async function writeReference(): Promise<void> {
  const { files, missing, mounts } = await renderReference();
  mkdirSync(referenceFolder, { recursive: true });
  for (const name of readdirSync(referenceFolder)) if (!files.has(name)) rmSync(join(referenceFolder, name));
  for (const [name, text] of files) writeFileSync(join(referenceFolder, name), text);
  const still = knownMissing().filter((known) => isStillMissing(known, { missing, mounts }));
  writeFileSync(missingFile, `${JSON.stringify(still, undefined, 2)}\n`);
}

/** A mount of the list that this build does not have stays in it. */
export function isStillMissing(known: string, reference: Pick<HttpReference, 'missing' | 'mounts'>): boolean {
  if (known.endsWith('/') && !reference.mounts.includes(known)) return true;
  return reference.missing.some((name) => isCovered(name, known));
}

/** A name of the list, or a mount that ends in `/`, covers an operation. */
export function isCovered(name: string, known: string): boolean {
  return known.endsWith('/') ? (name.split(' ')[1] ?? '').startsWith(known) : name === known;
}

if (import.meta.main) await writeReference();

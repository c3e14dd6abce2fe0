import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { startPostgresql, withoutPostgresql } from '../postgresql.ts';
import { freePort, Program } from './program.ts';

// What the documents show is run as a reader would run it: every ```sh run block of a document, in order, in one
// shell, against a server of `coffer start`. A ```text output block is what the block before it prints; `…` stands for
// any lines. A ```sh server block is a server that has to come up. Words that differ from run to run are masked.

const root = join(import.meta.dirname, '../..');
const documents = [
  'README.md',
  'docs/guides/getting-started.md',
  'docs/guides/policies.md',
  'docs/guides/identity.md',
  'docs/guides/identity-tokens.md',
  'docs/guides/events.md',
  'docs/guides/login-mfa.md',
  'docs/guides/approle.md',
  'docs/guides/jwt-and-oidc.md',
  'docs/guides/agent.md',
  'docs/guides/namespaces.md',
  'docs/guides/wrapping.md',
  'docs/guides/workspaces-and-roles.md',
  'docs/guides/secrets-in-processes.md',
  'docs/guides/secrets.md',
  'docs/guides/coming-from-vault.md',
  'docs/guides/dynamic-database-credentials.md',
];
const addressInDocuments = '127.0.0.1:8200';
/** Of the PostgreSQL that a document may need. */
const databaseInDocuments = '@db:5432/';

interface Block {
  readonly line: number;
  readonly kind: string;
  readonly text: string;
}

function blocksOf(document: string): Block[] {
  const text = readFileSync(join(root, document), 'utf8');
  return [...text.matchAll(/^```([^\n`]*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    kind: match[1] ?? '',
    text: match[2] ?? '',
  }));
}

/** Tokens, times, ids and hashes as words. */
function masked(text: string): string {
  return text
    .replaceAll(/hv[sb]\.[\w-]{24,}/g, '<token>')
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:]+(\.\d+)?Z?/g, '<time>')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
    .replaceAll(/hmac-sha256:[0-9a-f]{64}/g, '<hmac>')
    .replaceAll(/\b(kv|cubbyhole|system|auth_\w+)_[0-9a-f]{8}\b/g, '$1_<accessor>')
    .replaceAll(/^(\w*accessor\s+)\w{24}$/gm, '$1<accessor>')
    .replaceAll(/"remote_port":\d+/g, '"remote_port":<port>')
    .replaceAll(/[ \t]+$/gm, '')
    .trim();
}

function assertPrints(printed: string, expected: string, place: string): void {
  const pattern = masked(expected)
    .split('\n')
    .map((line) => (line.trim() === '…' ? '[\\s\\S]*?' : line.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('\n');
  assert.match(masked(printed), new RegExp(`^${pattern}$`), `${place} prints something else`);
}

async function shell(script: string, program: Program, more: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(program.home, 'work');
  mkdirSync(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const path = [join(root, 'bin'), dirname(process.execPath), process.env['PATH']].join(':');
  const child = spawn('sh', ['-c', `exec 2>&1\n${script}`], {
    cwd: folder,
    env: { ...program.environment, PATH: path, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (part: Buffer) => {
    out += part.toString();
  });
  await once(child, 'close');
  return out;
}

async function startDocumentDatabase() {
  const postgresql = await startPostgresql();
  await postgresql.query(`CREATE ROLE "vault-admin" LOGIN CREATEROLE PASSWORD 'admin-pass'`);
  await postgresql.query('CREATE DATABASE aidata');
  return postgresql;
}

const isCurlMissing = spawnSync('curl', ['--version']).error !== undefined;

const markOf = (block: Block): string => `----- line ${block.line} -----`;

/** `set -e` ends the script at the first command that fails, so the mark of what follows is missing then. */
function scriptOf(blocks: readonly Block[], address: string): string {
  const parts = blocks.map(
    (block) => `echo '${markOf(block)}'\n${block.text.replaceAll(addressInDocuments, address)}`,
  );
  return `set -eu\n${parts.join('\n')}\necho '----- end -----'\n`;
}

function printedBy(blocks: readonly Block[], out: string): Map<Block, string> {
  const printed = new Map<Block, string>();
  let rest = out;
  for (const [index, block] of blocks.entries()) {
    const next = blocks[index + 1];
    const ending = next ? markOf(next) : '----- end -----';
    const start = rest.indexOf(`${markOf(block)}\n`);
    const end = rest.indexOf(ending);
    assert.ok(start >= 0 && end >= 0, `the block at line ${block.line} failed:\n${rest.slice(start)}`);
    printed.set(block, rest.slice(start + markOf(block).length + 1, end));
    rest = rest.slice(end);
  }
  return printed;
}

for (const document of documents) {
  describe(`the commands of ${document}`, () => {
    const blocks = blocksOf(document);
    const runnable = blocks.filter(({ kind }) => kind === 'sh run');
    const needsDatabase = runnable.some(({ text }) => text.includes(databaseInDocuments));

    test('succeed in the order in which they are shown, and print what is shown', {
      timeout: 120_000,
      skip: (isCurlMissing && 'there is no curl on this machine') || (needsDatabase && withoutPostgresql()),
    }, async () => {
      assert.ok(runnable.length > 0);
      const program = new Program();
      const postgresql = needsDatabase ? await startDocumentDatabase() : undefined;
      try {
        const address = `127.0.0.1:${await freePort()}`;
        await program.start(['start', `-address=${address}`], /Stop with Ctrl-C/);
        const script = scriptOf(runnable, address).replaceAll(
          databaseInDocuments,
          `@127.0.0.1:${postgresql?.port ?? 0}/`,
        );
        const out = await shell(script, program, {
          COFFER_ADDR: `http://${address}`,
        });
        const printed = printedBy(runnable, out.replaceAll(address, addressInDocuments));
        for (const [index, block] of blocks.entries()) {
          const before = blocks[index - 1];
          if (block.kind !== 'text output' || before?.kind !== 'sh run') continue;
          assertPrints(printed.get(before) ?? '', block.text, `${document}:${before.line}`);
        }
      } finally {
        await postgresql?.dispose();
        await program.dispose();
      }
    });

    for (const block of blocks.filter(({ kind }) => kind === 'sh server')) {
      test(`line ${block.line} starts a server`, { timeout: 60_000 }, async () => {
        const program = new Program();
        try {
          const [word, ...argv] = block.text.trim().split(/\s+/);
          assert.equal(word, 'coffer');
          const listen = `-dev-listen-address=127.0.0.1:${await freePort()}`;
          await program.start([...argv, listen], /server started/);
        } finally {
          await program.dispose();
        }
      });
    }
  });
}

test('every block of the documents is of a kind that is known, so that none is left out by a slip', () => {
  const known = ['sh run', 'sh server', 'text output', 'sh', 'text', 'hcl', 'json', 'js', 'ini'];
  for (const document of documents) {
    for (const { kind, line } of blocksOf(document)) {
      assert.ok(known.includes(kind), `${document}:${line}: ${kind}`);
    }
  }
});

test('every link between documents leads to a file, and to a heading that is there', () => {
  const all = globSync(['*.md', 'docs/**/*.md', '{server,formats,sdk,cli}/**/README.md'], { cwd: root });
  assert.ok(all.length > 20);
  for (const document of all) {
    const text = readFileSync(join(root, document), 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', heading] = target.split('#');
      const file = path === '' ? join(root, document) : join(root, dirname(document), path);
      assert.ok(existsSync(file), `${document}: ${target}`);
      if (heading !== undefined) assert.ok(headingsOf(file).includes(heading), `${document}: ${target}`);
    }
  }
});

/** As GitHub makes anchors of them. */
function headingsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

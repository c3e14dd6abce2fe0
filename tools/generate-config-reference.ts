import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatGoDuration } from '../formats/duration/index.ts';
import type { KeyDeclaration, StanzaDeclaration } from '../server/start-up/configuration/key-declaration.ts';
import { stanzas } from '../server/start-up/configuration/stanzas.ts';

export const referencePath = join(import.meta.dirname, '../docs/reference/configuration.md');

const introduction = `# Configuration

<!-- Generated from the tables of keys in server/start-up/configuration/ by tools/generate-config-reference.ts; a test keeps it current. Edit the tables, then run: npm run docs -->

\`coffer server -config=PATH\` reads Vault's configuration format: HCL, or JSON with the same words. \`-config\` may be repeated
and may name a folder, whose \`*.hcl\` and \`*.json\` are read in order of their names. Lists (listeners, audit devices, seals) grow
from file to file; of two values the later wins; of two lease lifetimes the longer counts. In JSON a stanza may be an object or a
list of objects. A duration is a number of seconds or has a unit (\`90s\`, \`1h30m\`, \`50d\`); a size is a number of bytes or has one
(\`32MiB\`, \`64MB\`).

An unknown key or a wrong value stops the start, and every one of them is named with its file and line. Keys of Vault's that have
nothing to do here are accepted and explained in a warning; one that restricts something which Coffer would leave open stops the
start as well. Environment variables named below are read as \`COFFER_NAME\`, then \`VAULT_NAME\`, then \`BAO_NAME\`, and win over the
files; flags of the same name win over both.
`;

/** The whole of docs/reference/configuration.md. */
export function renderReference(): string {
  return [introduction, ...stanzas.map(renderStanza)].join('');
}

function renderStanza({ title, description, example, keys }: StanzaDeclaration): string {
  const declarations = Object.entries<KeyDeclaration>(keys);
  const own = declarations.filter(([, { type }]) => type !== 'accepted');
  const accepted = declarations.filter(([, { type }]) => type === 'accepted');
  const parts = [`\n## ${title}\n\n${description}\n`];
  if (example !== undefined) parts.push(`\n\`\`\`hcl\n${example}\n\`\`\`\n`);
  if (own.length > 0) {
    parts.push('\n| key | type | default | what it does |\n| --- | --- | --- | --- |\n');
    parts.push(
      ...own.map(
        ([name, key]) => `| \`${name}\` | ${typeText(key)} | ${defaultText(key)} | ${effectText(key)} |\n`,
      ),
    );
  }
  if (accepted.length > 0) {
    parts.push('\n| key of Vault’s | what Coffer does |\n| --- | --- |\n');
    parts.push(
      ...accepted.map(
        ([name, key]) =>
          `| \`${name}\` | ${cell(key.description)}${key.refused ? ' **Stops the start.**' : ''} |\n`,
      ),
    );
  }
  return parts.join('');
}

const typeWords: Readonly<Record<KeyDeclaration['type'], string>> = {
  string: 'string',
  path: 'path',
  boolean: 'true, false',
  integer: 'number',
  bytes: 'size',
  seconds: 'duration',
  strings: 'list of strings',
  block: 'stanza',
  accepted: '',
};

function typeText(key: KeyDeclaration): string {
  return key.allowed ? key.allowed.map((word) => `\`${word}\``).join(', ') : typeWords[key.type];
}

function defaultText(key: KeyDeclaration): string {
  if (key.defaultText !== undefined) return cell(key.defaultText);
  const value = key.default;
  if (value === undefined || value === '' || Array.isArray(value)) return '';
  if (key.type === 'seconds' && value !== 0) return `\`${formatGoDuration(Number(value))}\``;
  if (key.type === 'bytes' && Number(value) >= 1_048_576) return `\`${Number(value) / 1_048_576}MiB\``;
  return `\`${String(value)}\``;
}

function effectText(key: KeyDeclaration): string {
  const parts = [key.description];
  if (key.aliases) parts.push(`Also written ${key.aliases.map((name) => `\`${name}\``).join(', ')}.`);
  if (key.variable !== undefined) parts.push(`Environment: \`${key.variable}\`.`);
  if (key.vault !== undefined) parts.push(`In Vault: ${key.vault}`);
  return cell(parts.join(' '));
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) writeFileSync(referencePath, renderReference());

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command, Entry, Flag } from '../cli/command.ts';
import { allCommands, isGroup } from '../cli/commands/index.ts';
import { connectionFlags, outputFlags } from '../cli/global-flags.ts';
import { flagTerm, usageLine } from '../cli/help.ts';

export const referencePath = fileURLToPath(new URL('../docs/reference/command-line.md', import.meta.url));

const introduction = `# Command line

<!-- Generated from the table of commands by tools/generate-cli-reference.ts; a test keeps it current. Edit the table, then run: node tools/generate-cli-reference.ts -->

The words, flags, formats and exit codes are those of Vault's command line, so scripts keep working.

- **Flags** have one dash or two, stand anywhere among the arguments, and are written \`-flag=value\` or \`-flag value\`; a boolean is \`-flag\` or \`-flag=false\`. After \`--\` nothing is a flag.
- **\`a:b\`** is \`a b\`: \`coffer kv:get\` is \`coffer kv get\`.
- **Data** is \`key=value\`; \`key=@file\` and \`key=-\` take the value from a file or standard input; \`@file\` and \`-\` alone are JSON objects. A key given several times becomes a list. \`key=\\@text\` is a text that begins with @.
- **Environment.** Each setting is read from \`COFFER_NAME\`, then \`VAULT_NAME\`, then \`BAO_NAME\`; flags win over all of them: \`ADDR\`, \`TOKEN\`, \`NAMESPACE\`, \`FORMAT\`, \`CACERT\`, \`CAPATH\`, \`CLIENT_CERT\`, \`CLIENT_KEY\`, \`TLS_SERVER_NAME\`, \`SKIP_VERIFY\`, \`MAX_RETRIES\` (2), \`CLIENT_TIMEOUT\` (60s), \`WRAP_TTL\`, \`RATE_LIMIT\` (\`10\` or \`10:20\`), \`DISABLE_REDIRECTS\`, \`PROXY_ADDR\` or \`HTTP_PROXY\` (for every request). \`NO_COLOR\`, \`COFFER_CLI_NO_COLOR\` or \`TERM=dumb\` turn colour off.
- **Called \`vault\` or \`bao\`** (through a link of that name to \`coffer\`), it speaks as that program: help, hints, the version line; \`VAULT_NAME\` goes before \`COFFER_NAME\` (for \`bao\`: \`BAO_NAME\`, then \`VAULT_NAME\`), and tokens are kept in \`~/.vault-token\`.
- **Token.** \`COFFER_TOKEN\` wins; otherwise what \`coffer login\` stored in \`~/.coffer-token\`, then \`~/.vault-token\`. A program named in \`~/.vault\` (\`token_helper = "/path"\`; \`get\`, \`store\`, \`erase\`) keeps it instead.
- **Exit codes.** 0 success; 1 a local mistake (flags, arguments, data, format, a \`-field\` that is not there); 2 the server or the network said no, or nothing was found; 127 no such command. \`coffer status\`: 0 unsealed, 2 sealed, 1 not reachable.
- **Streams.** Results on standard output; errors, warnings and notes on standard error.

Where it differs from Vault's: flags may follow the arguments; a mistyped command or flag gets a suggestion; an argument that is no \`key=value\` is not repeated in the error, as it may be a secret; \`token lookup\`, \`token renew\` and the \`lease\` commands know \`-field\`; \`operator unseal -\` reads the key from standard input; the address without any setting is \`http://127.0.0.1:8200\`; a sealed server is not asked again and again; control characters in values are shown as \`\\xNN\` on a terminal.
`;

/** The whole of docs/reference/command-line.md. */
export async function renderReference(): Promise<string> {
  const sections = await Promise.all((await allCommands()).map((entry) => renderEntry([], entry)));
  return [
    introduction,
    `\n## Connection flags\n\nOf every command that talks to a server.\n\n${flagList(connectionFlags)}`,
    ...sections.flat(),
  ].join('');
}

async function renderEntry(path: readonly string[], entry: Entry): Promise<string[]> {
  const whole = [...path, entry.name];
  if (!isGroup(entry)) return [renderCommand(whole, entry)];
  const inner = await Promise.all((await entry.load()).map((one) => renderEntry(whole, one)));
  return path.length === 0
    ? [`\n## ${whole.join(' ')}\n\n${entry.summary}\n`, ...inner.flat()]
    : inner.flat();
}

function renderCommand(path: readonly string[], command: Command): string {
  if (command.handedOver) return renderHandedOver(path, command);
  const flags = [...(command.flags ?? []), ...outputFlags(command)];
  return [
    `\n${path.length === 1 ? '##' : '###'} ${path.join(' ')}\n\n`,
    `${command.summary}\n\n\`\`\`\n${usageLine(path, command)}\n\`\`\`\n`,
    command.description === undefined ? '' : `\n${command.description}\n`,
    flags.length === 0 ? '' : `\n${flagList(flags)}`,
    `\n\`\`\`sh\n${command.examples.map((example) => `# ${example.says.replace(/:$/, '')}\n${example.command}\n`).join('')}\`\`\`\n`,
  ].join('');
}

/** The server explains its own commands. */
function renderHandedOver(path: readonly string[], command: Command): string {
  const program = fileURLToPath(new URL('../bin/coffer.ts', import.meta.url));
  const help = execFileSync(process.execPath, [program, ...path, '-help'], { encoding: 'utf8' });
  return `\n## ${path.join(' ')}\n\n${command.summary}\n\n\`\`\`\n${help.trimEnd()}\n\`\`\`\n`;
}

function flagList(flags: readonly Flag[]): string {
  return flags
    .map((flag) => {
      const standard = flag.default === undefined ? '' : ` Default: \`${flag.default}\`.`;
      return `- \`${flagTerm(flag)}\`: ${flag.summary}${standard}\n`;
    })
    .join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  fs.mkdirSync(new URL('.', `file://${referencePath}`), { recursive: true });
  fs.writeFileSync(referencePath, await renderReference());
}

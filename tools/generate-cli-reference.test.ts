import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import type { Command, Entry } from '../cli/command.ts';
import { allCommands, isGroup } from '../cli/commands/index.ts';
import { flagsOf } from '../cli/global-flags.ts';
import { referencePath, renderReference } from './generate-cli-reference.ts';

async function flatten(
  entries: readonly Entry[],
  path: readonly string[] = [],
): Promise<[string, Command][]> {
  const found = await Promise.all(
    entries.map(async (entry): Promise<[string, Command][]> => {
      const whole = [...path, entry.name];
      return isGroup(entry) ? flatten(await entry.load(), whole) : [[whole.join(' '), entry]];
    }),
  );
  return found.flat();
}

test('docs/reference/command-line.md says what the table of commands says', async () => {
  const written = fs.readFileSync(referencePath, 'utf8');
  assert.equal(written, await renderReference(), 'run: node tools/generate-cli-reference.ts');
});

test('every command has a summary, an example that calls it, and a handler that loads', async () => {
  for (const [name, command] of await flatten(await allCommands())) {
    assert.match(command.summary, /\.$/, name);
    assert.ok(
      command.examples.some((example) =>
        [name, name.replace(' ', ':')].some((words) => example.command.includes(`coffer ${words}`)),
      ),
      name,
    );
    if (!command.handedOver) assert.equal(typeof (await command.load()), 'function', name);
  }
});

test('no command declares a flag twice', async () => {
  for (const [name, command] of await flatten(await allCommands())) {
    const names = flagsOf(command).flatMap((flag) => [flag.name, ...(flag.aliases ?? [])]);
    assert.equal(new Set(names).size, names.length, name);
  }
});

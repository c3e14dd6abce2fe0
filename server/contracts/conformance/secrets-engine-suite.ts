import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { CofferError } from '../errors.ts';
import type { FieldType, OperationDeclaration, PathDeclaration } from '../paths.ts';
import type { Operation } from '../request.ts';
import type { SecretsEnginePlugin } from '../secrets-engine.ts';
import { callOf, type EngineHarness, engineHarness } from './engine-harness.ts';
import { MemoryRecords } from './memory-records.ts';

export interface EngineSuiteSettings {
  /** The plug-in's folder. */
  readonly folder: string;
  /** Mount options to try; each makes an engine of its own. The default is none, and what each alias implies. */
  readonly mountOptions?: readonly Readonly<Record<string, string>>[];
}

const operations: readonly (Operation | 'write')[] = [
  'create',
  'update',
  'write',
  'read',
  'delete',
  'list',
  'patch',
  'scan',
  'help',
];
const placeholder = /\{([a-z_]+)(\??)(\.\.\.)?\}/g;

/** What every secrets engine promises by its declarations alone, whatever it does. */
export function secretsEngineConformance(plugin: SecretsEnginePlugin, settings: EngineSuiteSettings): void {
  describe(`secrets engine ${path.basename(settings.folder)}`, () => {
    test('is named as its folder, and says what it is', () => {
      assert.equal(plugin.type, path.basename(settings.folder));
      assert.match(plugin.type, /^[a-z][a-z0-9-]*$/);
      assert.ok(plugin.description.length > 0);
      if (plugin.version !== undefined) assert.match(plugin.version, /^\d+\.\d+\.\d+$/);
      for (const alias of Object.keys(plugin.aliases ?? {})) {
        assert.match(alias, /^[a-z][a-z0-9-]*$/);
        assert.notEqual(alias, plugin.type);
      }
    });

    test('has a README that says more than its name', () => {
      const file = path.join(settings.folder, 'README.md');
      assert.ok(existsSync(file), `${file} is missing`);
      assert.ok(readFileSync(file, 'utf8').length > 200);
    });

    test('accepts unchanged options', () => {
      for (const options of optionsOf(plugin, settings)) plugin.checkOptions?.(options, options);
    });

    for (const options of optionsOf(plugin, settings)) {
      describe(`with mount options ${JSON.stringify(options)}`, () => declarations(plugin, options));
    }
  });
}

function optionsOf(
  plugin: SecretsEnginePlugin,
  settings: EngineSuiteSettings,
): readonly Readonly<Record<string, string>>[] {
  if (settings.mountOptions) return settings.mountOptions;
  const distinct = new Map(
    [{}, ...Object.values(plugin.aliases ?? {})].map((options) => [JSON.stringify(options), options]),
  );
  return [...distinct.values()];
}

function declarations(plugin: SecretsEnginePlugin, options: Readonly<Record<string, string>>): void {
  const eachPath = async (
    check: (declaration: PathDeclaration, kit: EngineHarness) => Promise<void> | void,
  ) => {
    const kit = await engineHarness(plugin, { options });
    for (const declaration of kit.engine.paths) await check(declaration, kit);
    await kit.engine.close?.();
  };

  test('declares paths, no two for the same requests', async () => {
    const kit = await engineHarness(plugin, { options });
    assert.ok(kit.engine.paths.length > 0);
    const shapes = kit.engine.paths.map(({ pattern }) =>
      pattern.replace(placeholder, (_all, _name, _opt, rest) => `{${rest ?? ''}}`),
    );
    assert.deepEqual(
      shapes.filter((shape, index) => shapes.indexOf(shape) !== index),
      [],
    );
    await kit.engine.close?.();
  });

  test('every path has a pattern that can be read, help, and at least one operation', () =>
    eachPath(({ pattern, help, operations: declared }) => {
      for (const segment of pattern === '' ? [] : pattern.split('/')) {
        assert.match(
          segment,
          /^(?:[a-z0-9][a-z0-9._-]*|\{[a-z_]+(?:\??\.\.\.)?\})$/,
          `${pattern}: ${segment}`,
        );
      }
      assert.ok(help.synopsis.length > 0 && help.description.length > 0, `${pattern}: help`);
      assert.ok(Object.keys(declared).length > 0, `${pattern}: operations`);
    }));

  test('every operation is one of the contract, has a summary, and is declared once', () =>
    eachPath(({ pattern, operations: declared }) => {
      for (const [operation, { summary }] of Object.entries(declared)) {
        assert.ok(
          operations.some((known) => known === operation),
          `${pattern}: ${operation}`,
        );
        assert.ok(summary.length > 0, `${pattern}: ${operation} has no summary`);
      }
      if (declared.write)
        assert.ok(!declared.create && !declared.update, `${pattern}: write beside create or update`);
    }));

  test('every field is described, well named, and the fields of patterns are declared', () =>
    eachPath(({ pattern, fields }) => {
      const inPattern = [...pattern.matchAll(placeholder)].map(([, name]) => name ?? '');
      for (const name of inPattern)
        assert.ok(Object.hasOwn(fields, name), `${pattern}: {${name}} is no field`);
      const names = Object.entries(fields).flatMap(([name, { aliases }]) => [name, ...(aliases ?? [])]);
      assert.equal(new Set(names).size, names.length, `${pattern}: a field name twice`);
      for (const [name, field] of Object.entries(fields)) {
        assert.match(name, /^[A-Za-z][A-Za-z0-9_-]*$/, `${pattern}: ${name}`);
        assert.ok(field.description.length > 0, `${pattern}: ${name} is not described`);
        if (field.required)
          assert.equal(field.default, undefined, `${pattern}: ${name} is required and has a default`);
        if (field.allowed && field.default !== undefined && !Array.isArray(field.default)) {
          assert.ok(
            field.allowed.some((value) => value === field.default),
            `${pattern}: the default of ${name} is not allowed`,
          );
        }
      }
    }));

  test('no path is open to callers without a token and asks for sudo elsewhere', () =>
    eachPath(({ pattern, access, operations: declared }) => {
      const all = Object.values(declared).map((operation) => operation.access ?? access ?? 'token');
      assert.ok(!(all.includes('anyone') && all.includes('sudo')), pattern);
    }));

  test('every handler survives a request that gives no field: it answers, or declares why not', () =>
    eachPath(async (declaration, kit) => {
      for (const [name, operation] of Object.entries(declaration.operations)) {
        await survive(declaration, operationNamed(name), operation, kit);
      }
    }));

  test('the existence check survives a request that gives no field', () =>
    eachPath(async (declaration) => {
      if (!declaration.exists) return;
      try {
        assert.equal(typeof (await declaration.exists(emptyCall(declaration, 'update'))), 'boolean');
      } catch (error) {
        assertDeclared(error, `${declaration.pattern}: exists`);
      }
    }));

  test('tidy, tokenEnded and close are safe to call on an engine that was never used, and to repeat', async () => {
    const kit = await engineHarness(plugin, { options });
    for (let round = 0; round < 2; round++) {
      await kit.engine.tidy?.();
      await kit.engine.tokenEnded?.('handle');
    }
    await kit.engine.close?.();
    await kit.engine.close?.();
  });

  test('opens again on the records that it left', async () => {
    const records = new MemoryRecords();
    for (let start = 0; start < 2; start++) {
      const kit = await engineHarness(plugin, { options, records });
      await kit.engine.close?.();
    }
  });
}

async function survive(
  declaration: PathDeclaration,
  operation: Operation,
  { handler, pure }: OperationDeclaration,
  kit: EngineHarness,
): Promise<void> {
  const where = `${declaration.pattern}: ${operation}`;
  const before = kit.records.commits.length;
  // A handler that is not pure might reach out to the world when it is given something to do.
  const calls = [emptyCall(declaration, operation), ...(pure ? [sampleCall(declaration, operation)] : [])];
  for (const call of calls) {
    try {
      const reply = await handler(call);
      if (reply !== undefined) assert.equal(typeof reply, 'object', where);
    } catch (error) {
      assertDeclared(error, where);
    }
  }
  if (pure) assert.equal(kit.records.commits.length, before, `${where} is pure and committed`);
}

/** As after field parsing, except that required fields are missing: a handler may refuse, not break. */
function emptyCall(declaration: PathDeclaration, operation: Operation) {
  const optional = Object.fromEntries(
    Object.entries(declaration.fields).map(([name, field]) => [name, { ...field, required: false }]),
  );
  return callOf(operation, '', { ...declaration, fields: optional }, {}, {});
}

/** A plausible value in every field. */
function sampleCall(declaration: PathDeclaration, operation: Operation) {
  const values = Object.entries(declaration.fields).map(([name, { type, allowed }]) => [
    name,
    allowed?.[0] ?? samples[type],
  ]);
  return callOf(operation, 'a/b', declaration, Object.fromEntries(values), {});
}

const samples: Readonly<Record<FieldType, unknown>> = {
  string: 'a/b',
  'lower-string': 'a',
  int: 1,
  float: 1.5,
  bool: true,
  duration: 60,
  'signed-duration': -60,
  map: { a: 1 },
  'key-values': { a: 'b' },
  strings: ['a'],
  'string-list': ['a'],
  ints: [1],
  time: 0,
  any: 'a',
};

function operationNamed(name: string): Operation {
  const found = operations.find((operation) => operation === name);
  return found === undefined || found === 'write' ? 'update' : found;
}

function assertDeclared(error: unknown, where: string): void {
  assert.ok(error instanceof CofferError, `${where} threw ${String(error)}`);
  assert.notEqual(error.code, 'internal', where);
}

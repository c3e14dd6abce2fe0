import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CofferError } from '../errors.ts';
import type { FieldType, OperationDeclaration, PathDeclaration } from '../paths.ts';
import type { Operation } from '../request.ts';
import { callOf } from './engine-harness.ts';
import type { MemoryRecords } from './memory-records.ts';

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

export interface OpenedPlugin {
  readonly paths: readonly PathDeclaration[];
  readonly records: MemoryRecords;
  close(): Promise<void>;
}

/** What every plug-in with paths promises by its declarations alone, whatever it does. `open` makes it anew. */
export function declarationSuite(open: () => Promise<OpenedPlugin>): void {
  const eachPath = async (
    check: (declaration: PathDeclaration, kit: OpenedPlugin) => Promise<void> | void,
  ) => {
    const kit = await open();
    for (const declaration of kit.paths) await check(declaration, kit);
    await kit.close();
  };

  test('declares paths, no two for the same requests', async () => {
    const kit = await open();
    assert.ok(kit.paths.length > 0);
    const shapes = kit.paths.map(({ pattern }) =>
      pattern.replace(placeholder, (_all, _name, _opt, rest) => `{${rest ?? ''}}`),
    );
    assert.deepEqual(
      shapes.filter((shape, index) => shapes.indexOf(shape) !== index),
      [],
    );
    await kit.close();
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
}

async function survive(
  declaration: PathDeclaration,
  operation: Operation,
  { handler, pure }: OperationDeclaration,
  kit: OpenedPlugin,
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

/**
 * As after field parsing, except that required fields are missing: a handler may refuse, not break. What is
 * required and stands in the path is always there.
 */
export function emptyCall(declaration: PathDeclaration, operation: Operation) {
  const inPath = new Set([...declaration.pattern.matchAll(placeholder)].map(([, name]) => name ?? ''));
  const parameters: Record<string, string> = {};
  const optional = Object.fromEntries(
    Object.entries(declaration.fields).map(([name, field]) => {
      if (field.required && inPath.has(name)) parameters[name] = 'a';
      return [name, { ...field, required: false }];
    }),
  );
  return callOf(operation, '', { ...declaration, fields: optional }, parameters, {});
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

export function assertDeclared(error: unknown, where: string): void {
  assert.ok(error instanceof CofferError, `${where} threw ${String(error)}`);
  assert.notEqual(error.code, 'internal', where);
}

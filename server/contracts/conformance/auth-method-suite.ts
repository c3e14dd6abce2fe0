import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { AuthMethodPlugin } from '../auth-method.ts';
import { ManualClock } from '../clock.ts';
import { silentLogger } from '../logger.ts';
import type { PathDeclaration } from '../paths.ts';
import type { AuthGrant, Reply } from '../request.ts';
import type { MountInfo } from '../secrets-engine.ts';
import { assertDeclared, declarationSuite, emptyCall } from './declaration-suite.ts';
import { callOf } from './engine-harness.ts';
import { MemoryRecords } from './memory-records.ts';
import { noTokens } from './no-tokens.ts';

export interface AuthSuiteSettings {
  /** The plug-in's folder. */
  readonly folder: string;
}

/** An auth method on `records`, as core would open it. */
export async function openAuthMethod(plugin: AuthMethodPlugin, records = new MemoryRecords()) {
  const mount: MountInfo = {
    path: `auth/${plugin.type}/`,
    type: plugin.type,
    accessor: `auth_${plugin.type}_00000000`,
    uuid: '00000000-0000-4000-8000-000000000000',
    options: {},
    local: false,
    namespace: { id: 'root', path: '' },
    defaultLeaseTtlSeconds: 2_764_800,
    maxLeaseTtlSeconds: 2_764_800,
  };
  const context = { mount, records, clock: new ManualClock(), logger: silentLogger };
  const method = await plugin.create(plugin.type === 'token' ? { ...context, tokens: noTokens } : context);
  return { method, records, paths: method.paths, close: async () => method.close?.() };
}

/** What every auth method promises, whoever it lets in. */
export function authMethodConformance(plugin: AuthMethodPlugin, settings: AuthSuiteSettings): void {
  describe(`auth method ${path.basename(settings.folder)}`, () => {
    test('is named as its folder, and says what it is', () => {
      assert.equal(plugin.type, path.basename(settings.folder));
      assert.match(plugin.type, /^[a-z][a-z0-9-]*$/);
      assert.ok(plugin.description.length > 0);
      if (plugin.version !== undefined) assert.match(plugin.version, /^\d+\.\d+\.\d+$/);
    });

    test('has a README that says more than its name', () => {
      const file = path.join(settings.folder, 'README.md');
      assert.ok(existsSync(file), `${file} is missing`);
      assert.ok(readFileSync(file, 'utf8').length > 200);
    });

    declarationSuite(() => openAuthMethod(plugin));
    logins(plugin);
    life(plugin);
  });
}

function logins(plugin: AuthMethodPlugin): void {
  const openPaths = async (check: (declaration: PathDeclaration) => Promise<void>) => {
    const { paths, close } = await openAuthMethod(plugin);
    for (const declaration of paths) await check(declaration);
    await close();
  };

  test('nobody is let in who gives nothing, or something in every field, before anything was set up', () =>
    openPaths(async (declaration) => {
      for (const [name, operation] of Object.entries(declaration.operations)) {
        if ((operation.access ?? declaration.access) !== 'anyone') continue;
        for (const call of [emptyCall(declaration, 'update'), plausibleCall(declaration)]) {
          let reply: Reply | undefined;
          try {
            reply = await operation.handler(call);
          } catch (error) {
            assertDeclared(error, `${declaration.pattern}: ${name}`);
          }
          assert.equal(reply?.auth, undefined, `${declaration.pattern}: ${name} let somebody in`);
          assert.equal(reply?.token, undefined, `${declaration.pattern}: ${name} gave a token`);
        }
      }
    }));

  test('a renewal of a login that the method knows nothing of is refused, or granted no more than before', async () => {
    const { method, close } = await openAuthMethod(plugin);
    const grant: AuthGrant = { policies: ['a'], displayName: 'x', metadata: {}, renewable: true };
    try {
      const renewed = await method.renew?.({ internal: {}, grant });
      if (renewed) assert.deepEqual(renewed.policies, grant.policies);
    } catch (error) {
      assertDeclared(error, 'renew');
    }
    await close();
  });
}

function life(plugin: AuthMethodPlugin): void {
  test('tidy and close are safe to call on a method that was never used, and to repeat', async () => {
    const { method } = await openAuthMethod(plugin);
    for (let round = 0; round < 2; round++) await method.tidy?.();
    for (let round = 0; round < 2; round++) await method.close?.();
  });

  test('opens again on the records that it left', async () => {
    const records = new MemoryRecords();
    for (let start = 0; start < 2; start++) await (await openAuthMethod(plugin, records)).close();
  });
}

/** Something of the right type in every field. */
function plausibleCall(declaration: PathDeclaration) {
  const values = Object.entries(declaration.fields).map(([name, { type, allowed }]) => {
    if (allowed?.[0] !== undefined) return [name, allowed[0]] as const;
    if (type === 'map' || type === 'key-values') return [name, { a: 'b' }] as const;
    if (type === 'strings' || type === 'string-list') return [name, ['a']] as const;
    if (type === 'ints') return [name, [1]] as const;
    if (type === 'bool') return [name, true] as const;
    return [name, type === 'string' || type === 'lower-string' || type === 'any' ? 'a' : 1] as const;
  });
  return callOf('update', 'login/a', declaration, Object.fromEntries(values), {});
}

import assert from 'node:assert/strict';
import type { AuthMethod, AuthMethodPlugin } from '../auth-method.ts';
import type { OperationDeclaration, PathDeclaration } from '../paths.ts';
import type { AuthGrant, JsonObject } from '../request.ts';
import { type EngineHarness, engineHarness, type HarnessOptions } from './engine-harness.ts';

export interface MethodHarness extends Omit<EngineHarness, 'engine'> {
  readonly method: AuthMethod;
  /** The grant of a login at `path` from `address` (127.0.0.1 unless given). Rejects with what the handler threw. */
  login(path: string, data: JsonObject, address?: string): Promise<AuthGrant>;
}

/** As `engineHarness`, for an auth method, with logins from any address. */
export async function methodHarness(
  plugin: AuthMethodPlugin,
  settings: HarnessOptions = {},
): Promise<MethodHarness> {
  let method: AuthMethod | undefined;
  const { engine: _, ...harness } = await engineHarness(
    {
      type: plugin.type,
      description: plugin.description,
      async create(context) {
        method = await plugin.create(context);
        return { paths: method.paths.map(withAddress) };
      },
    },
    settings,
  );
  assert.ok(method);
  return {
    ...harness,
    method,
    async login(path, data, address = '127.0.0.1') {
      const reply = await harness.call('write', path, { ...data, [addressKey]: address });
      assert.ok(reply?.auth, 'a login answers with a grant');
      return reply.auth;
    },
  };
}

/** Carries the address through `call`; no field is called so. */
const addressKey = ' remote address';

function withAddress(path: PathDeclaration): PathDeclaration {
  const operations = Object.entries(path.operations).map(([name, operation]) => [
    name,
    operation && fromAddress(operation),
  ]);
  return { ...path, operations: Object.fromEntries(operations) };
}

function fromAddress(operation: OperationDeclaration): OperationDeclaration {
  return {
    ...operation,
    handler(call) {
      const { [addressKey]: address, ...data } = call.data;
      const remoteAddress = typeof address === 'string' ? address : call.origin.remoteAddress;
      return operation.handler({ ...call, data, origin: { ...call.origin, remoteAddress } });
    },
  };
}

import { ManualClock } from '../clock.ts';
import { CofferError } from '../errors.ts';
import type { EventPublisher } from '../events.ts';
import { silentLogger } from '../logger.ts';
import type {
  Call,
  FieldDeclaration,
  FieldDeclarations,
  FieldValues,
  OperationDeclaration,
  PathDeclaration,
} from '../paths.ts';
import type { Caller, JsonObject, Operation, Reply } from '../request.ts';
import type { MountInfo, SecretsEngine, SecretsEnginePlugin } from '../secrets-engine.ts';
import { MemoryRecords } from './memory-records.ts';

export interface EngineHarness {
  readonly engine: SecretsEngine;
  readonly records: MemoryRecords;
  readonly clock: ManualClock;
  readonly mount: MountInfo;
  /** `path` may end in `?name=value&…`, which joins `data`. Rejects with what the handler threw. */
  call(operation: Operation | 'write', path: string, data?: JsonObject): Promise<Reply | undefined>;
}

export interface HarnessOptions {
  readonly options?: Readonly<Record<string, string>>;
  /** Share them between two harnesses to act as two nodes on one store, or the same node after a restart. */
  readonly records?: MemoryRecords;
  readonly clock?: ManualClock;
  readonly caller?: Partial<Caller>;
  readonly defaultLeaseTtlSeconds?: number;
  readonly events?: EventPublisher;
}

/** An engine over records in memory, called by operation and path; fields are read in the simplest way that can work. */
export async function engineHarness(
  plugin: SecretsEnginePlugin,
  settings: HarnessOptions = {},
): Promise<EngineHarness> {
  const records = settings.records ?? new MemoryRecords();
  const clock = settings.clock ?? new ManualClock();
  const mount: MountInfo = {
    path: 'mount/',
    type: plugin.type,
    accessor: `${plugin.type}_00000000`,
    uuid: '00000000-0000-4000-8000-000000000000',
    options: settings.options ?? {},
    local: false,
    namespace: { id: 'root', path: '' },
    defaultLeaseTtlSeconds: settings.defaultLeaseTtlSeconds ?? 2_764_800,
    maxLeaseTtlSeconds: 2_764_800,
  };
  const engine = await plugin.create({
    mount,
    records,
    clock,
    logger: silentLogger,
    ...(settings.events ? { events: settings.events } : {}),
  });
  return {
    engine,
    records,
    clock,
    mount,
    call: (operation, path, data = {}) => route(engine, operation, path, data, settings.caller),
  };
}

async function route(
  engine: SecretsEngine,
  operation: Operation | 'write',
  target: string,
  body: JsonObject,
  caller?: Partial<Caller>,
): Promise<Reply | undefined> {
  const [path = '', query] = target.split('?');
  const data = query === undefined ? body : { ...body, ...Object.fromEntries(new URLSearchParams(query)) };
  const found = findPath(engine.paths, path);
  if (!found) throw new CofferError('no-route');
  const { declaration, parameters } = found;
  const call = callOf(
    operation === 'write' ? 'update' : operation,
    path,
    declaration,
    parameters,
    data,
    caller,
  );
  const actual =
    operation === 'write' && declaration.exists && !(await declaration.exists(call))
      ? 'create'
      : call.operation;
  const handler = operationOf(declaration, actual)?.handler;
  if (!handler) throw new CofferError('unsupported-operation');
  return handler({ ...call, operation: actual });
}

export function operationOf(path: PathDeclaration, operation: Operation): OperationDeclaration | undefined {
  const own = path.operations[operation];
  return own ?? (operation === 'create' || operation === 'update' ? path.operations.write : undefined);
}

export type AnyCall = Call<FieldValues<FieldDeclarations>>;

/** A call with `fields` as declared, from nobody in particular. */
export function callOf(
  operation: Operation,
  path: string,
  declaration: PathDeclaration,
  parameters: JsonObject,
  data: JsonObject,
  caller: Partial<Caller> = {},
): AnyCall {
  const given = { ...data, ...parameters };
  const fields = Object.fromEntries(
    Object.entries(declaration.fields).map(([name, field]) => [name, read(name, field, given[name])]),
  );
  return {
    operation,
    path,
    // What a handler may assume of its fields is what its declaration says, and `read` keeps to it.
    fields: fields as AnyCall['fields'],
    data,
    caller: {
      tokenAccessor: 'accessor',
      displayName: 'token',
      entityId: '',
      policies: ['default'],
      tokenType: 'service',
      metadata: {},
      tokenHandle: 'handle',
      namespacePath: '',
      namespaceId: 'root',
      ...caller,
    },
    origin: {
      requestId: '00000000-0000-4000-8000-000000000001',
      remoteAddress: '127.0.0.1',
      remotePort: 1,
      clientCertificates: [],
      headers: {},
    },
    namespace: { id: 'root', path: '' },
  };
}

function read(name: string, field: FieldDeclaration, given: unknown): unknown {
  if (given === undefined || given === null) {
    if (field.required) throw new CofferError('invalid-request', `missing required field "${name}"`);
    return field.default;
  }
  switch (field.type) {
    case 'int':
    case 'duration':
    case 'signed-duration':
      if (!Number.isSafeInteger(Number(given))) throw wrong(name);
      return Number(given);
    case 'bool':
      return given === true || given === 'true';
    case 'ints':
      return (Array.isArray(given) ? given : String(given).split(',')).map(Number);
    case 'map':
      if (typeof given !== 'object' || Array.isArray(given)) throw wrong(name);
      return given;
    case 'string':
      return String(given);
    default:
      return given;
  }
}

function wrong(name: string): CofferError {
  return new CofferError('invalid-request', `field "${name}" is not of its type`);
}

function findPath(
  paths: readonly PathDeclaration[],
  path: string,
): { declaration: PathDeclaration; parameters: JsonObject } | undefined {
  const ordered = [...paths].sort((a, b) => weight(b.pattern) - weight(a.pattern));
  for (const declaration of ordered) {
    const match = patternExpression(declaration.pattern).exec(path);
    if (match) return { declaration, parameters: { ...match.groups } };
  }
  return undefined;
}

/** Enough for engines of this repository: more literal segments first, parameters before rests. */
function weight(pattern: string): number {
  return pattern
    .split('/')
    .reduce((sum, part) => sum + (part.startsWith('{') ? (part.includes('...') ? -100 : 1) : 10), 0);
}

function patternExpression(pattern: string): RegExp {
  if (pattern === '') return /^$/;
  let source = '';
  for (const segment of pattern.split('/')) {
    const separator = source === '' ? '' : '/';
    const [, name, optional, rest] = /^\{(\w+)(\?)?(\.\.\.)?\}$/.exec(segment) ?? [];
    if (name === undefined) source += separator + RegExp.escape(segment);
    else if (!rest) source += `${separator}(?<${name}>[^/]+)`;
    else if (!optional) source += `${separator}(?<${name}>.+)`;
    else source += `(?:${separator}(?<${name}>.*))?`;
  }
  return new RegExp(`^${source}$`, 'su');
}

import { CofferError } from '../../contracts/errors.ts';
import { FieldReader } from '../../core/router/fields.ts';
import { PathMatcher } from '../../core/router/path-matcher.ts';
import { asPath, type PlatformOperation } from '../../platform/index.ts';
import type { PlatformMessage } from './decode.ts';

export interface FoundOperation {
  readonly operation: PlatformOperation;
  readonly fields: FieldReader;
  readonly parameters: Readonly<Record<string, string>>;
}

interface Resource {
  readonly pattern: string;
  readonly methods: ReadonlyMap<string, Omit<FoundOperation, 'parameters'>>;
}

/** Finds the operation of a request by its verb, its path and its method. */
export class OperationRouter {
  readonly #byVerb = new Map<string, PathMatcher<Resource>>();

  constructor(operations: readonly PlatformOperation[]) {
    for (const verb of new Set(operations.map((one) => one.verb ?? ''))) {
      const resources = Map.groupBy(
        operations.filter((one) => (one.verb ?? '') === verb),
        ({ pattern }) => pattern,
      );
      const compiled = [...resources].map(([pattern, own]) => ({
        pattern,
        methods: new Map(
          own.map((operation) => [
            operation.method as string,
            { operation, fields: new FieldReader(asPath(operation)) },
          ]),
        ),
      }));
      this.#byVerb.set(verb, new PathMatcher(compiled));
    }
  }

  find({ method, path, verb }: Pick<PlatformMessage, 'method' | 'path' | 'verb'>): FoundOperation {
    const found = this.#byVerb.get(verb)?.find(path);
    if (!found)
      throw new CofferError('no-route', 'the platform API has no such path', {
        hint: 'GET /api/v1/openapi.json lists what it has.',
      });
    const one = found.target.methods.get(method);
    if (!one)
      throw new CofferError(
        'unsupported-operation',
        `this path takes ${[...found.target.methods.keys()].join(', ')}`,
      );
    return { ...one, parameters: found.parameters };
  }
}

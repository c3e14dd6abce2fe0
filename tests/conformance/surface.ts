import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeclaredOperation, DeclaredPath } from '../declared-paths.ts';

/** In which way a request is wrong; everything else about it is right. */
export const conditions = [
  'unauthenticated',
  'wrong policy',
  'foreign namespace',
  'sealed',
  'malformed body',
  'wrong type',
  'unknown field',
] as const;
export type Condition = (typeof conditions)[number];

/**
 * The status, and of what shape the body is: `bare` an error without Vault's wrapping, `wrapped` with it, `named` an error that
 * names the field, `error` any error; `warned` a success that warns of the field. `open` and `-`: not asked.
 */
export type Expectation = `${number} ${'bare' | 'wrapped' | 'named' | 'error'}` | 'warned' | 'open' | '-';
export type Row = Readonly<Record<Condition, Expectation>>;
export type Surface = Readonly<Record<string, Row>>;

export const surfaceFile = join(import.meta.dirname, 'surface.json');

interface Rules {
  readonly exceptions: readonly {
    /** A beginning of `METHOD path`, or all of it. */
    readonly operation: string;
    readonly why: string;
    readonly expect: Readonly<Partial<Record<Condition, Expectation>>>;
  }[];
}

/** What vault-api.md says of each condition, and the named exceptions of surface-rules.json. */
export function surfaceOf(paths: readonly DeclaredPath[]): Surface {
  const rules: Rules = JSON.parse(readFileSync(join(import.meta.dirname, 'surface-rules.json'), 'utf8'));
  const rows: [string, Row][] = [];
  for (const path of paths) {
    for (const operation of path.operations) {
      const name = nameOf(path, operation);
      const row: Record<Condition, Expectation> = { ...expected(operation) };
      for (const { operation: start, expect } of rules.exceptions)
        if (name === start || (start.endsWith('*') && name.startsWith(start.slice(0, -1))))
          Object.assign(row, expect);
      rows.push([name, row]);
    }
  }
  return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function nameOf(path: DeclaredPath, { method }: DeclaredOperation): string {
  return `${method} ${path.mount}${path.route}`;
}

/** vault-api.md 8, 9 and wire/README.md: no token 403 bare; a policy's no 403 wrapped; sealed 503; a body that is no JSON 400. */
function expected({ method, access, body, isBare, takesAnyField }: DeclaredOperation): Row {
  const isOpen = access === 'anyone';
  const isWrite = method === 'POST' || method === 'PATCH';
  const isTyped = body.some(({ type }) => type !== undefined);
  return {
    unauthenticated: isOpen ? 'open' : '403 bare',
    'wrong policy': isOpen ? 'open' : '403 wrapped',
    'foreign namespace': isOpen ? 'open' : '403 bare',
    sealed: '503 bare',
    'malformed body': isWrite ? '400 error' : '-',
    'wrong type': isWrite && isTyped ? '400 named' : '-',
    // A bare body has no place for warnings.
    'unknown field': isWrite && !isBare && !takesAnyField ? 'warned' : '-',
  };
}

/** One row a line, so that a change is a line of the diff. */
export function writeSurface(surface: Surface): void {
  writeFileSync(surfaceFile, renderSurface(surface));
}

export function renderSurface(surface: Surface): string {
  const lines = Object.entries(surface).map(
    ([name, row]) => `  ${JSON.stringify(name)}: ${JSON.stringify(row)}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

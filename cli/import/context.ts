import type { JsonObject } from '../../sdk/secret.ts';
import type { Lanes } from './lanes.ts';
import type { OneTimePasswords } from './one-time-passwords.ts';
import type { Outcome } from './outcome.ts';
import type { PathFilter } from './path-filter.ts';
import type { Peer } from './peer.ts';

/** What every kind of thing that is imported works with. */
export interface Context {
  readonly source: Peer;
  readonly target: Peer;
  readonly filter: PathFilter;
  /** For listing the source. */
  readonly lanes: Lanes;
  readonly passwords: OneTimePasswords;
  /** Mounts that are not at the target, with the reason: nothing below them can be carried. By label. */
  readonly blocked: Map<string, string>;
  /** What could not even be listed. */
  readonly unseen: Outcome[];
}

/** One namespace of the source with its mounts. */
export interface Place {
  /** Ending in '/', or empty. */
  readonly namespace: string;
  readonly secretMounts: readonly SourceMount[];
  readonly authMounts: readonly SourceMount[];
}

export interface SourceMount {
  readonly namespace: string;
  /** As `sys/mounts` or `sys/auth` names it, ending in '/'. */
  readonly path: string;
  readonly table: 'secret' | 'auth';
  readonly type: string;
  readonly accessor: string;
  readonly options: JsonObject;
  readonly config: JsonObject;
  readonly description: string;
  readonly local: boolean;
  readonly sealWrap: boolean;
}

/** `auth/approle/` or `secret/`: what requests begin with. */
export function requestPath(mount: SourceMount): string {
  return mount.table === 'auth' ? `auth/${mount.path}` : mount.path;
}

/** With its namespace: how reports and globs call it. */
export function labelOf(mount: SourceMount): string {
  return mount.namespace + requestPath(mount);
}

/** Lists something of the source; what may not be listed is reported, and does not end the import. */
export async function listOrReport(
  context: Context,
  kind: string,
  path: string,
  list: () => Promise<string[]>,
): Promise<string[]> {
  try {
    return await context.lanes.run(list);
  } catch (error) {
    context.unseen.push({ kind, path, result: 'failed', reason: reasonOf(error) });
    return [];
  }
}

/** The server's own sentences, or the error's: neither holds a value. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const sentences = 'errors' in error && Array.isArray(error.errors) ? error.errors.map(String) : [];
  const status = 'status' in error ? `${String(error.status)} ` : '';
  return `${status}${sentences.length > 0 ? sentences.join('; ') : firstLine(error.message)}`.replaceAll(
    /\s+/g,
    ' ',
  );
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

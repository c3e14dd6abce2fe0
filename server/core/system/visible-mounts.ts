import type { Call } from '../../contracts/paths.ts';
import type { Mount } from '../mounts/mount.ts';
import type { MountEntry } from '../mounts/mount-entry.ts';
import type { Mounts } from '../mounts/mounts.ts';
import type { Access } from '../policies/access.ts';
import type { Acl } from '../policies/acl.ts';
import type { TokenStore } from '../tokens/token-store.ts';

export interface VisibleMountsParts {
  readonly mounts: Mounts;
  readonly access: Access;
  readonly tokens: TokenStore;
}

type Asked = Pick<Call<object>, 'namespace' | 'origin'>;

export interface VisibleMount {
  readonly entry: MountEntry;
  readonly mount: Mount;
}

/**
 * The mounts of the namespace that the caller may know of: those below which its policies grant something, and
 * those whose listing_visibility is `unauth`, which are all that a caller without a good token sees.
 */
export async function visibleMounts(
  parts: VisibleMountsParts,
  asked: Asked,
): Promise<{ readonly acl: Acl | undefined; readonly visible: readonly VisibleMount[] }> {
  const acl = await aclOf(parts, asked);
  const { entries, mounts } = await parts.mounts.table(asked.namespace);
  const visible: VisibleMount[] = [];
  for (const [index, entry] of entries.entries()) {
    const mount = mounts[index];
    if (!mount || entry.tainted) continue;
    const isPublic = entry.config.listingVisibility === 'unauth';
    if (isPublic || acl?.grantsBelow(mount.fullPath, asked.namespace.path)) visible.push({ entry, mount });
  }
  return { acl, visible };
}

/** The policies of a token that may act in the namespace from where it is; undefined for any other. */
export async function aclOf(
  { tokens, access }: VisibleMountsParts,
  { namespace, origin }: Asked,
): Promise<Acl | undefined> {
  const state = origin.token ? await tokens.find(origin.token) : undefined;
  if (!state || !namespace.path.startsWith(state.namespace.path)) return undefined;
  return state.allowsAddress(origin.remoteAddress) ? access.of(state) : undefined;
}

import { CofferError } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { Mount } from '../mounts/mount.ts';
import type { Mounts } from '../mounts/mounts.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { Access } from '../policies/access.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { shownEntry } from './mount-shapes.ts';

/** `sys/internal/ui/*`: what command lines and consoles ask before the call that the user meant. */
export function internalPaths(mounts: Mounts, access: Access, tokens: TokenStore): PathDeclaration[] {
  return [
    definePath({
      pattern: 'internal/ui/mounts',
      access: 'anyone',
      fields: {},
      operations: {
        read: {
          summary: 'Mounts that the caller may see',
          async handler(call) {
            const acl = await aclOf(call.origin.token, call.namespace as Namespace);
            const tables: { auth: Record<string, JsonObject>; secret: Record<string, JsonObject> } = {
              auth: {},
              secret: {},
            };
            for (const mount of (await mounts.table(call.namespace as Namespace)).mounts) {
              const visible =
                mount.entry.config.listingVisibility === 'unauth' || acl?.reaches(mount.fullPath);
              if (!visible) continue;
              tables[mount.entry.table][mount.entry.path] = acl
                ? shownEntry(mount.entry, mounts.versionOf(mount.entry))
                : {
                    type: mount.entry.type,
                    description: mount.entry.description,
                    options: mount.entry.options,
                  };
            }
            return { data: tables };
          },
        },
      },
      help: {
        synopsis: 'Mounts that the caller may see.',
        description: 'Without a token, those whose listing_visibility is unauth.',
      },
    }),
    definePath({
      pattern: 'internal/ui/mounts/{path...}',
      fields: { path: { type: 'string', description: 'A path inside the mount', required: true } },
      access: 'anyone',
      operations: {
        read: {
          summary: 'The mount of a path',
          async handler(call) {
            const { path } = call.fields;
            const acl = await aclOf(call.origin.token, call.namespace as Namespace);
            if (!acl) throw new CofferError('permission-denied');
            const mount = (await mounts.table(call.namespace as Namespace)).resolve(
              path.endsWith('/') ? path : `${path}/`,
            );
            if (!mount || !acl.reaches(mount.fullPath)) {
              throw new CofferError(
                'permission-denied',
                `preflight capability check returned 403, please ensure client's policies grant access to path "${path.replace(/\/$/, '')}/"`,
              );
            }
            return {
              data: { ...shownEntry(mount.entry, mounts.versionOf(mount.entry)), path: mount.fullPath },
            };
          },
        },
      },
      help: {
        synopsis: 'The mount that serves a path.',
        description: 'Command lines ask this to learn the version of a KV engine.',
      },
    }),
  ];

  /** Whether a policy of the token grants anything at or below a mount. Undefined without a valid token. */
  async function aclOf(
    token: string | undefined,
    namespace: Namespace,
  ): Promise<{ reaches(mountPath: Mount['fullPath']): boolean } | undefined> {
    const state = token ? await tokens.find(token) : undefined;
    if (!state || !namespace.path.startsWith(state.namespace.path)) return undefined;
    const acl = await access.of(state);
    return { reaches: (mountPath) => acl.grantsBelow(mountPath, namespace.path) };
  }
}

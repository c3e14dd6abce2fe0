import { CofferError } from '../../contracts/errors.ts';
import { type Call, definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { Mounts } from '../mounts/mounts.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import { locate } from '../pipeline/routing.ts';
import type { Access } from '../policies/access.ts';
import type { Acl } from '../policies/acl.ts';
import { resultantAcl } from '../policies/resultant-acl.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import { shownEntry } from './mount-shapes.ts';

export interface InternalPathsParts {
  readonly mounts: Mounts;
  readonly namespaces: Namespaces;
  readonly access: Access;
  readonly tokens: TokenStore;
}

type Asked = Pick<Call<object>, 'namespace' | 'origin'>;

/** `sys/internal/ui/*`: what command lines and consoles ask before the call that the user meant. */
export function internalPaths(parts: InternalPathsParts): PathDeclaration[] {
  return [allMounts(parts), oneMount(parts), ownPolicies(parts)];
}

function allMounts(parts: InternalPathsParts): PathDeclaration {
  const { mounts } = parts;
  return definePath({
    pattern: 'internal/ui/mounts',
    access: 'anyone',
    fields: {},
    operations: {
      read: {
        summary: 'Mounts that the caller may see',
        async handler(call) {
          const acl = await aclOf(parts, call);
          const tables: { auth: Record<string, JsonObject>; secret: Record<string, JsonObject> } = {
            auth: {},
            secret: {},
          };
          const { entries, mounts: all } = await mounts.table(call.namespace);
          for (const [index, entry] of entries.entries()) {
            const isPublic = entry.config.listingVisibility === 'unauth';
            const path = all[index]?.fullPath ?? '';
            if (entry.tainted || (!isPublic && !acl?.grantsBelow(path, call.namespace.path))) continue;
            const { type, description, options } = entry;
            tables[entry.table][entry.path] = acl
              ? shownEntry(entry, mounts.catalog.versionOf(entry))
              : { type, description, options };
          }
          return { data: tables };
        },
      },
    },
    help: {
      synopsis: 'Mounts that the caller may see.',
      description: 'Without a token, those whose listing_visibility is unauth.',
    },
  });
}

function oneMount(parts: InternalPathsParts): PathDeclaration {
  const { mounts, namespaces } = parts;
  return definePath({
    pattern: 'internal/ui/mounts/{path...}',
    fields: { path: { type: 'string', description: 'A path inside the mount', required: true } },
    access: 'anyone',
    operations: {
      read: {
        summary: 'The mount of a path',
        async handler(call) {
          const { path } = call.fields;
          const acl = await aclOf(parts, call);
          const start = acl && (await namespaces.find(call.namespace.path));
          if (!start) throw new CofferError('permission-denied');
          const { namespace, route } = await locate({ mounts, namespaces }, start, `${path}/`);
          if (!route || !acl.grantsBelow(route.fullPath, namespace.path))
            throw new CofferError(
              'permission-denied',
              `preflight capability check returned 403, please ensure client's policies grant access to path "${path}/"`,
            );
          const { entry } = route.mount;
          const full = `${namespace.path.slice(start.path.length)}${route.fullPath}`;
          return { data: { ...shownEntry(entry, mounts.catalog.versionOf(entry)), path: full } };
        },
      },
    },
    help: {
      synopsis: 'The mount that serves a path.',
      description: 'Command lines ask this to learn the version of a KV engine.',
    },
  });
}

function ownPolicies(parts: InternalPathsParts): PathDeclaration {
  return definePath({
    pattern: 'internal/ui/resultant-acl',
    fields: {},
    operations: {
      read: {
        summary: 'What the policies of the calling token say together',
        async handler(call) {
          const acl = await aclOf(parts, call);
          if (!acl) throw new CofferError('permission-denied');
          return { data: resultantAcl(acl) };
        },
      },
    },
    help: {
      synopsis: 'All rules of the calling token.',
      description: 'By path, exact and glob, as consoles use them to show what can be done.',
    },
  });
}

/** The policies of a token that may act in the namespace from where it is; undefined for any other. */
async function aclOf(
  { tokens, access }: InternalPathsParts,
  { namespace, origin }: Asked,
): Promise<Acl | undefined> {
  const state = origin.token ? await tokens.find(origin.token) : undefined;
  if (!state || !namespace.path.startsWith(state.namespace.path)) return undefined;
  return state.allowsAddress(origin.remoteAddress) ? access.of(state) : undefined;
}

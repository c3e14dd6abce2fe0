import { CofferError } from '../../contracts/errors.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { Namespaces } from '../namespaces/namespaces.ts';
import { locate } from '../pipeline/routing.ts';
import { resultantAcl } from '../policies/resultant-acl.ts';
import { shownEntry } from './mount-shapes.ts';
import { specsPath } from './specs-path.ts';
import { aclOf, type VisibleMountsParts, visibleMounts } from './visible-mounts.ts';

export interface InternalPathsParts extends VisibleMountsParts {
  readonly namespaces: Namespaces;
  /** What clients read as the server's version. */
  readonly version: string;
}

/** `sys/internal/*`: what command lines and consoles ask before the call that the user meant. */
export function internalPaths(parts: InternalPathsParts): PathDeclaration[] {
  return [allMounts(parts), oneMount(parts), ownPolicies(parts), specsPath(parts, parts.version)];
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
          const { acl, visible } = await visibleMounts(parts, call);
          const tables: { auth: Record<string, JsonObject>; secret: Record<string, JsonObject> } = {
            auth: {},
            secret: {},
          };
          for (const { entry } of visible) {
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

import type { Clock } from '../../contracts/clock.ts';
import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import { refuseExpired } from './expiry.ts';
import { findVersion } from './read-version.ts';
import { versionMetadata } from './replies.ts';
import type { SecretStore } from './secret-store.ts';
import { stripValues } from './strip-values.ts';

export function subkeysPath(store: SecretStore, clock: Clock): PathDeclaration {
  return definePath({
    pattern: 'subkeys/{path...}',
    fields: {
      path: { type: 'string', required: true, description: 'Where the secret is.' },
      version: {
        type: 'int',
        query: 'only',
        description: 'Version to read; the latest when 0 or not given.',
      },
      depth: { type: 'int', query: 'only', description: 'Levels of keys to show; all when 0 or not given.' },
    },
    help: {
      synopsis: 'The keys of a secret without its values.',
      description: 'Every value is replaced by null, and so is what lies deeper than `depth`.',
    },
    operations: {
      read: {
        summary: 'Read the keys of a secret',
        pure: true,
        handler: async ({ fields: { path, version, depth } }) => {
          const stored = store.peek(path) ?? (await store.get(path));
          if (!stored) return undefined;
          refuseExpired(stored.value, clock.now());
          const number = version && version > 0 ? version : stored.value.current;
          const found = await findVersion(store, path, stored, number, clock.now());
          if (!found) return undefined;
          const metadata = versionMetadata(found.record, number, found.version);
          if (found.data === undefined) return { status: 404, data: { metadata, subkeys: null } };
          return {
            data: { metadata, subkeys: found.data && stripValues(found.data, Math.max(depth ?? 0, 0)) },
          };
        },
      },
    },
  });
}

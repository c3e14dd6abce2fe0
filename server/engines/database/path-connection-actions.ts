import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { MountContext } from '../../contracts/secrets-engine.ts';
import { type ConnectionRecord, connectionKey } from './connection-record.ts';
import type { Connections } from './connections.ts';
import { shownFailure } from './failures.ts';
import type { RootRotation } from './root-rotation.ts';

const pageSize = 500;

/** `reset/<name>`, `reload/<plugin_name>`, `rotate-root/<name>`. */
export function connectionActionPaths(
  context: MountContext,
  connections: Connections,
  rotation: RootRotation,
): PathDeclaration[] {
  const name = { type: 'string', description: 'Name of the connection.' } as const;
  return [
    definePath({
      pattern: 'reset/{name}',
      fields: { name },
      help: { synopsis: 'Open a connection anew.', description: 'Lets go of its open connections.' },
      operations: {
        write: {
          summary: 'Open a connection anew',
          handler: async (call) => {
            await connections.find(call.fields.name ?? '');
            connections.reset(call.fields.name ?? '');
            return undefined;
          },
        },
      },
    }),
    definePath({
      pattern: 'reload/{plugin_name}',
      fields: { plugin_name: { type: 'string', description: 'The `plugin_name` of the connections.' } },
      help: {
        synopsis: 'Open all connections of one kind of database anew.',
        description: 'Lets go of their open connections.',
      },
      operations: {
        write: {
          summary: 'Open all connections of one kind of database anew',
          handler: async (call) => {
            const names = await connectionsOf(context, call.fields.plugin_name ?? '');
            for (const one of names) connections.reset(one);
            return { data: { connections: names, count: names.length } };
          },
        },
      },
    }),
    definePath({
      pattern: 'rotate-root/{name}',
      fields: { name },
      help: {
        synopsis: 'Change the password of a connection’s own user.',
        description: 'To one that only Coffer knows: nobody can read it, not even through Coffer.',
      },
      operations: {
        write: {
          summary: 'Change the password of a connection’s own user',
          handler: async (call) => {
            await rotation.rotate(call.fields.name ?? '').catch((error: unknown) => {
              throw shownFailure(error, 'unable to rotate root credentials: ');
            });
            return undefined;
          },
        },
      },
    }),
  ];
}

async function connectionsOf({ records }: MountContext, pluginName: string): Promise<string[]> {
  const names: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await records.scan<ConnectionRecord>(connectionKey(''), {
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    for (const [key, { value }] of page)
      if (value.pluginName === pluginName) names.push(key.slice(connectionKey('').length));
    after = page.at(-1)?.[0];
    if (after === undefined) return names;
  }
}

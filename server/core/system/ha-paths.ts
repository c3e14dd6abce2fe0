import { definePath, type PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';

export interface HaDependencies {
  readonly hostname: string;
  readonly apiAddress: string;
  readonly clusterAddress: string;
  /** What clients read as the version. */
  readonly version: string;
}

/** `sys/ha-status` and `sys/step-down`. Every node serves reads and writes, so none leads and none steps down. */
export function haPaths(deps: HaDependencies): PathDeclaration[] {
  const node: JsonObject = {
    hostname: deps.hostname,
    api_address: deps.apiAddress,
    cluster_address: deps.clusterAddress,
    active_node: true,
    last_echo: null,
    version: deps.version,
  };
  return [
    definePath({
      pattern: 'ha-status',
      rootOnly: true,
      shape: 'flattened',
      fields: {},
      operations: {
        read: { summary: 'Read the nodes', pure: true, handler: async () => ({ data: { nodes: [node] } }) },
      },
      help: {
        synopsis: 'The nodes of this cluster.',
        description: 'The one that answers; every node is active.',
      },
    }),
    definePath({
      pattern: 'step-down',
      rootOnly: true,
      access: 'sudo',
      fields: {},
      operations: {
        write: { summary: 'Step down (nothing to do)', handler: async () => undefined },
      },
      help: {
        synopsis: 'Step down as leader.',
        description: 'Accepted, and does nothing: there is no leader.',
      },
    }),
  ];
}

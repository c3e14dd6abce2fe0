import type { Entry } from '../../command.ts';

export const commands: readonly Entry[] = [
  {
    name: 'subscribe',
    summary: 'Print events as they happen, one JSON object a line, until it is interrupted.',
    description:
      'TYPE is a glob over types of events, such as kv-v2/data-write, kv* or "*". The token needs read on sys/events/subscribe/TYPE, and list and subscribe on the paths that it wants to hear of.',
    arguments: 'TYPE',
    arity: { min: 1, max: 1 },
    flags: [
      {
        name: 'namespaces',
        kind: 'list',
        value: 'GLOB',
        summary: 'Namespaces below that of the request to hear of too; may be repeated.',
      },
      {
        name: 'filter',
        kind: 'text',
        value: 'EXPRESSION',
        summary: 'Only events that match, such as \'data_path contains "ai/"\'.',
      },
      { name: 'timeout', kind: 'duration', summary: 'End after this time.' },
    ],
    examples: [
      { says: 'Everything done to secrets:', command: "coffer events subscribe 'kv*'" },
      {
        says: 'New versions below secret/ai, here and in all namespaces below:',
        command:
          "coffer events subscribe -namespaces='*' -filter='data_path matches \"^secret/data/ai/\"' kv-v2/data-write",
      },
    ],
    load: async () => (await import('./subscribe.ts')).subscribe,
  },
];

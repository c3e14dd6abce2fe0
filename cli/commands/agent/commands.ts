import type { Command } from '../../command.ts';

/** What runs beside applications. */
export const agentCommands: readonly Command[] = [
  {
    name: 'agent',
    summary: 'Log in, keep a token, and give secrets to applications as files or environment.',
    description:
      "Reads Vault Agent's configuration, HCL or JSON. SIGHUP reads it again; SIGTERM stops the agent and the program that it runs.",
    arity: { min: 0, max: 0 },
    talksTo: 'local',
    flags: [
      {
        name: 'config',
        kind: 'list',
        value: 'PATH',
        summary: 'File, or folder of .hcl and .json files; may be repeated.',
      },
      {
        name: 'exit-after-auth',
        kind: 'boolean',
        summary: 'End when the token and every template have been written once.',
      },
      {
        name: 'log-level',
        kind: 'text',
        value: 'LEVEL',
        summary: 'trace, debug, info, warn or error.',
        default: 'info',
      },
    ],
    examples: [
      { says: 'Beside an application:', command: 'coffer agent -config=agent.hcl' },
      { says: 'Before it starts:', command: 'coffer agent -config=agent.hcl -exit-after-auth' },
    ],
    load: async () => (await import('./agent.ts')).agent,
  },
];

import type { Command } from '../../command.ts';
import type { Shell } from './scripts.ts';

/** `coffer completion`. */
export const commands: readonly Command[] = [
  script('bash', 'source <(coffer completion bash)'),
  script('zsh', 'source <(coffer completion zsh)'),
  script('fish', 'coffer completion fish | source'),
  {
    name: 'candidates',
    summary:
      'What could come next: for the scripts of the shells, which write the line so far to standard input.',
    description:
      'Commands and flags are known here; paths and names are asked of the server, with the stored token and for a second at most. Without an answer nothing is printed.',
    arity: { min: 0, max: 0 },
    talksTo: 'local',
    examples: [{ says: 'As a shell asks:', command: "printf 'coffer kv ge' | coffer completion candidates" }],
    load: async () => (await import('./candidates.ts')).candidates,
  },
];

function script(shell: Shell, line: string): Command {
  return {
    name: shell,
    summary: `Print the completion of commands, flags and paths for ${shell}.`,
    arity: { min: 0, max: 0 },
    talksTo: 'local',
    examples: [{ says: `In the start-up file of ${shell}:`, command: line }],
    load: async () => (await import('./print-script.ts')).printScript(shell),
  };
}

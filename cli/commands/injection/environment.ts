import { Failure } from '../../failure.ts';
import type { Run } from '../../run.ts';
import type { ChosenSecret } from './chosen-secrets.ts';

/** What would change how programs load or what they run, if a secret could be called so. */
const refused = /^(?:LD_|DYLD_|PATH$|IFS$|BASH_ENV$|ENV$|NODE_OPTIONS$|PYTHONSTARTUP$|PERL5OPT$|RUBYOPT$)/;

const tokens = ['COFFER_TOKEN', 'VAULT_TOKEN', 'BAO_TOKEN'];

/** Our own environment, but for what could be used to read more; -pass-token keeps that. */
export function environmentWithoutTokens(run: Run): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = { ...process.env };
  if (!run.flags.on('pass-token')) for (const name of tokens) delete environment[name];
  return environment;
}

export function changesHowProgramsRun(variable: string): boolean {
  return refused.test(variable);
}

/** `openai-api-key` → `OPENAI_API_KEY`; a name that is one already stays as it is. */
export function variableName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  const upper = name.toUpperCase().replace(/[^A-Z0-9]+/g, '_');
  return /^[0-9]/.test(upper) ? `_${upper}` : upper;
}

/**
 * Environment variables for the secrets. Throws `Failure` when two secrets would be one variable, when a name would
 * change how programs are run, or a value cannot stand in an environment.
 */
export function environmentOf(secrets: readonly ChosenSecret[]): Map<string, string> {
  const from = new Map<string, string>();
  const variables = new Map<string, string>();
  for (const { name, text } of secrets) {
    const variable = variableName(name);
    const other = from.get(variable);
    if (other !== undefined)
      throw new Failure(
        1,
        `the secrets ${other} and ${name} would both be ${variable}`,
        '-only chooses between them.',
      );
    if (changesHowProgramsRun(variable))
      throw new Failure(
        1,
        `the secret ${name} would set ${variable}, which changes how programs run`,
        'Rename it, or leave it out with -only.',
      );
    if (text.includes('\0'))
      throw new Failure(
        1,
        `the value of ${name} holds a NUL, which no environment can`,
        'Leave it out with -only.',
      );
    from.set(variable, name);
    variables.set(variable, text);
  }
  return variables;
}

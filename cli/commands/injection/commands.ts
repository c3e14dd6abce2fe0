import type { Command, Flag } from '../../command.ts';
import { workspaceFlag } from '../named-secrets/workspace.ts';

const onlyFlag: Flag = {
  name: 'only',
  kind: 'list',
  value: 'A,B',
  summary: 'These secrets and no others; a missing one is an error.',
};
const tagsFlag: Flag = {
  name: 'tags',
  aliases: ['tag'],
  kind: 'list',
  value: 'A,B',
  summary: 'Secrets that have all of these tags.',
};
const choice = [onlyFlag, tagsFlag, workspaceFlag];

/** Secrets of a workspace, given to processes and files. */
export const injectionCommands: readonly Command[] = [
  {
    name: 'run',
    summary: 'Run a command with the secrets of a workspace in its environment.',
    description:
      'A secret called openai-api-key becomes OPENAI_API_KEY; database credentials become their URL. Signals and the exit code are passed on. The command does not get the token that was used, unless -pass-token is given. Flags of the command itself stand after `--`. With -spec it gets the variables and files that a deployment asks for, and no command means the one of its container.',
    arguments: '[-- COMMAND [ARGUMENT...]]',
    arity: { min: 0 },
    flags: [
      ...choice,
      {
        name: 'spec',
        kind: 'text',
        value: 'FILE',
        summary: 'Give it what this deployment asks for: environment and files, in the YAML of Kubernetes.',
      },
      {
        name: 'container',
        kind: 'text',
        value: 'NAME',
        summary: 'Which container of the Pod in -spec; the first one when it is missing.',
      },
      {
        name: 'watch',
        kind: 'boolean',
        summary: 'Start it again when one of the secrets gets a new version.',
      },
      {
        name: 'watch-interval',
        kind: 'duration',
        value: 'DURATION',
        summary: 'How often -watch looks.',
        default: '5s',
      },
      { name: 'mask', kind: 'boolean', summary: 'Show [redacted] where its output has a value.' },
      {
        name: 'pass-token',
        kind: 'boolean',
        summary: 'Let it have COFFER_TOKEN, VAULT_TOKEN and BAO_TOKEN.',
      },
    ],
    examples: [
      {
        says: 'A model server with all secrets of production:',
        command: 'coffer run --workspace production -- python serve.py',
      },
      {
        says: 'Two secrets, again whenever they change:',
        command: 'coffer run --only OPENAI_API_KEY,DATABASE_URL --watch -- npm start',
      },
      {
        says: 'What a deployment names, with its files below $COFFER_MOUNTS:',
        command: 'coffer run --spec deployment.yaml -- python serve.py',
      },
    ],
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'export',
    summary: 'Print the secrets of a workspace for another program to read.',
    description:
      'Formats: dotenv, json, yaml, shell, docker (--env-file), github-actions (masks, then lines for $GITHUB_ENV) and kubernetes (a Secret).',
    arity: { min: 0, max: 0 },
    flags: [
      ...choice,
      {
        name: 'as',
        kind: 'text',
        value: 'FORMAT',
        summary: 'The format, also as -format.',
        default: 'dotenv',
      },
      {
        name: 'name',
        kind: 'text',
        value: 'NAME',
        summary: 'The name of the Kubernetes Secret.',
        default: 'coffer',
      },
    ],
    examples: [
      { says: 'A file for docker run --env-file:', command: 'coffer export --as docker > app.env' },
      { says: 'Into this shell:', command: 'eval "$(coffer export --as shell)"' },
    ],
    load: async () => (await import('./export.ts')).exportSecrets,
  },
  {
    name: 'inject',
    summary: 'Fill a template with the secrets of a workspace.',
    description:
      'The template is in the language of Go’s text/template over the secrets by name: {{ .DATABASE_URL }}, {{ index . "openai-api-key" }}. A secret that is not there is an error. The file is written whole or not at all, for you alone to read.',
    arity: { min: 0, max: 0 },
    flags: [
      ...choice,
      {
        name: 'in',
        aliases: ['i'],
        kind: 'text',
        value: 'FILE',
        summary: 'The template; standard input when it is missing or -.',
      },
      {
        name: 'out',
        aliases: ['o'],
        kind: 'text',
        value: 'FILE',
        summary: 'Where to; standard output when it is missing.',
      },
    ],
    examples: [{ says: 'A configuration file:', command: 'coffer inject -i config.tmpl -o config.yaml' }],
    load: async () => (await import('./inject.ts')).inject,
  },
  {
    name: 'init',
    summary: 'Tie this folder to a workspace.',
    description:
      'Writes .coffer.json, which holds the name of the workspace and no secret, so that it can be kept with the code. Commands here and in the folders below use that workspace. Without a name it is the only one that there is for you.',
    arguments: '[WORKSPACE]',
    arity: { min: 0, max: 1 },
    flags: [
      { name: 'force', kind: 'boolean', summary: 'Also when the folder is tied to another workspace.' },
    ],
    examples: [{ says: 'Secrets of development from here on:', command: 'coffer init development' }],
    load: async () => (await import('./init.ts')).init,
  },
];

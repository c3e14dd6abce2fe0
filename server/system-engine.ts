import type { SecretsEngine, SecretsEnginePlugin } from './contracts/secrets-engine.ts';
import { version } from './version.ts';

/** The `sys/` mount of every namespace. One list of paths serves them all, so that it is compiled once. */
export function systemEngine(declare: () => SecretsEngine['paths']): SecretsEnginePlugin {
  let paths: SecretsEngine['paths'] | undefined;
  return {
    type: 'system',
    description: 'system endpoints used for control, policy and debugging',
    singleton: true,
    version,
    async create(): Promise<SecretsEngine> {
      paths ??= declare();
      return { paths };
    },
  };
}

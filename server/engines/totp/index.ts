import type { SecretsEnginePlugin } from '../../contracts/secrets-engine.ts';
import { KeyStore } from './key-store.ts';
import { codePath } from './path-code.ts';
import { keyNamesPath, keyPath } from './path-keys.ts';

/** One-time passwords by the time: makes them for services that ask for them, and checks those of people. */
export const plugin: SecretsEnginePlugin = {
  type: 'totp',
  description: 'time-based one-time passwords',
  version: '1.0.0',
  async create({ records, clock }) {
    const keys = new KeyStore(records, clock);
    return { paths: [keyNamesPath(keys), keyPath(keys), codePath(keys, clock)] };
  },
};

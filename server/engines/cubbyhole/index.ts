import type { SecretsEnginePlugin } from '../../contracts/secrets-engine.ts';
import { secretPath } from './path-secret.ts';
import { TokenShelves } from './token-shelves.ts';

/** A private place for every token, which ends with the token. */
export const plugin: SecretsEnginePlugin = {
  type: 'cubbyhole',
  description: 'per-token private secret storage',
  singleton: true,
  version: '1.0.0',
  async create({ records }) {
    const shelves = new TokenShelves(records);
    return {
      paths: [secretPath(shelves)],
      tokenEnded: (tokenHandle) => shelves.clear(tokenHandle),
    };
  },
};

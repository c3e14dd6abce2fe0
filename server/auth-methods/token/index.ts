import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { createPaths } from './path-create.ts';
import { lookupPaths } from './path-lookup.ts';
import { renewPaths } from './path-renew.ts';
import { revokePaths } from './path-revoke.ts';
import { rolePaths } from './path-roles.ts';
import { upkeepPaths } from './path-upkeep.ts';
import { Roles } from './roles.ts';

/** Tokens made from tokens: `auth/token/*`, mounted once in every namespace. */
export const plugin: AuthMethodPlugin = {
  type: 'token',
  description: 'token based credentials',
  singleton: true,
  async create({ tokens, records, mount, logger }) {
    if (!tokens) throw new Error('the token method needs the token service');
    const roles = new Roles(records);
    return {
      paths: [
        ...createPaths(tokens, roles, mount),
        ...lookupPaths(tokens),
        ...renewPaths(tokens),
        ...revokePaths(tokens),
        ...rolePaths(roles),
        ...upkeepPaths(tokens, logger),
      ],
    };
  },
};

import type { AuthMethodPlugin } from '../../contracts/auth-method.ts';
import { createPaths } from './path-create.ts';
import { lifePaths } from './path-life.ts';
import { rolePaths } from './path-roles.ts';
import { Roles } from './roles.ts';

/** Tokens made from tokens: `auth/token/*`, mounted once in every namespace. */
export const plugin: AuthMethodPlugin = {
  type: 'token',
  description: 'token based credentials',
  singleton: true,
  async create(context) {
    const { tokens } = context;
    if (!tokens) throw new Error('the token method needs the token service');
    const roles = new Roles(context.records);
    return {
      paths: [...createPaths(tokens, roles, context.mount), ...lifePaths(tokens), ...rolePaths(roles)],
    };
  },
};

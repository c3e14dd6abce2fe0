import { invalidRequest } from '../../contracts/errors.ts';
import type { MountTableName } from '../mounts/mount-entry.ts';
import { checkCanonical } from '../router/canonical-path.ts';

/** Of core's own; nothing is ever mounted there or moved there. */
const reservedPaths = ['sys/', 'cubbyhole/', 'identity/', 'auth/', 'audit/'];
const mostPathBytes = 512;

/** The canonical mount path for what a caller wrote, ending in '/'. */
export function mountPath(given: string): string {
  const where = given.replace(/^\/+/, '').replace(/\/+$/, '');
  if (where === '') throw invalidRequest('a mount path cannot be empty');
  checkCanonical(where);
  if (where.includes('*') || where.includes('+')) throw invalidRequest('a mount path cannot hold "*" or "+"');
  if (Buffer.byteLength(where) > mostPathBytes)
    throw invalidRequest(`a mount path cannot be longer than ${mostPathBytes} bytes`);
  return `${where}/`;
}

export function refuseReserved(table: MountTableName, where: string, refusal: string): void {
  if (table === 'secret' && reservedPaths.some((name) => where.startsWith(name)))
    throw invalidRequest(`${refusal} "${where}"`);
}

/** `sys/mounts/auth/approle/tune` speaks of the auth table. */
export function tableOf(table: MountTableName, where: string): [MountTableName, string] {
  return where.startsWith('auth/') ? ['auth', where.slice('auth/'.length)] : [table, where];
}

export function prefixed(table: MountTableName, where: string): string {
  return table === 'auth' ? `auth/${where}` : where;
}

/** Whether `where` is one of core's own mounts, which are not tuned. */
export function isReserved(table: MountTableName, where: string): boolean {
  return table === 'secret' && reservedPaths.includes(where);
}

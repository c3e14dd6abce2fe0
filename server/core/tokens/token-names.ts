import { randomBytes } from 'node:crypto';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 24 of 62 letters: 142 bits. */
const length = 24;

/** Random letters and digits without bias. */
export function randomName(size: number = length): string {
  let name = '';
  while (name.length < size) {
    for (const byte of randomBytes(size * 2)) {
      if (byte < 248 && name.length < size) name += letters[byte % 62];
    }
  }
  return name;
}

/** `hvs.` and 24 characters, and the namespace's id outside root, as Vault's clients expect. */
export function newServiceToken(namespaceId: string): string {
  return withNamespace(`hvs.${randomName()}`, namespaceId);
}

export function withNamespace(token: string, namespaceId: string): string {
  return namespaceId === 'root' ? token : `${token}.${namespaceId}`;
}

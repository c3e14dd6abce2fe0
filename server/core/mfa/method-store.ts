import { randomUUID } from 'node:crypto';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { Inherited, MfaConfigs } from './mfa-configs.ts';
import type { MethodRecord, MethodType } from './mfa-record.ts';

type Where = Pick<Namespace, 'id' | 'path'>;
type WithoutHead<T> = T extends MethodRecord ? Omit<T, 'id' | 'name'> : never;
/** A method without its id and name. */
export type MethodWish = WithoutHead<MethodRecord>;

const longestName = 256;
const elsewhere = 'request namespace does not match method namespace';

/** The method of that id that can be named in a namespace. Throws 'invalid-request' when it is of another type. */
export async function methodById(
  configs: MfaConfigs,
  namespace: Where,
  id: string,
  type?: MethodType,
): Promise<Inherited<MethodRecord> | undefined> {
  const found = (await configs.methods(namespace)).find(({ value }) => value.id === id);
  if (found && type && found.value.type !== type)
    throw invalidRequest(`failed to find the method ID under MFA type ${type}.`);
  return found;
}

/** Creates a method, or changes the one of that name, as Vault does. Resolves with its id. */
export async function createMethod(
  configs: MfaConfigs,
  namespace: Where,
  name: string,
  wish: MethodWish,
): Promise<string> {
  checkName(name);
  const newId: string = randomUUID();
  let id = newId;
  await configs.change(namespace.id, (before) => {
    const named = name === '' ? undefined : before.methods.find((method) => method.name === name);
    if (named && named.type !== wish.type)
      throw invalidRequest(`the name is that of a method of type ${named.type}`);
    id = named?.id ?? newId;
    const others = before.methods.filter((method) => method !== named);
    return { ...before, methods: [...others, { ...wish, id, name }] };
  });
  return id;
}

/** Throws 'not-found' for an unknown id. An empty name leaves the name as it is. */
export async function changeMethod(
  configs: MfaConfigs,
  namespace: Where,
  id: string,
  name: string,
  wish: MethodWish,
): Promise<void> {
  checkName(name);
  await mustBeOwn(configs, namespace, id, wish.type);
  await configs.change(namespace.id, (before) => {
    const own = before.methods.find((method) => method.id === id);
    if (!own) throw new CofferError('not-found');
    if (name !== '' && before.methods.some((method) => method !== own && method.name === name))
      throw invalidRequest('a login MFA method configuration with the method name already exists');
    const changed: MethodRecord = { ...wish, id, name: name || own.name };
    return { ...before, methods: before.methods.map((method) => (method === own ? changed : method)) };
  });
}

/** Refuses while an enforcement names it. An unknown id is no error. */
export async function removeMethod(
  configs: MfaConfigs,
  namespace: Namespace,
  id: string,
  type: MethodType,
): Promise<void> {
  const found = await methodById(configs, namespace, id, type);
  if (!found) return;
  if (found.namespace.id !== namespace.id) throw invalidRequest(elsewhere);
  const refuse = (enforcementId: string) =>
    invalidRequest(`methodID is still used by an enforcement configuration with ID: ${enforcementId}`);
  const used = await configs.enforcementWith(id, namespace);
  if (used) throw refuse(used.id);
  await configs.change(namespace.id, (before) => {
    // One of this namespace may have come meanwhile; one below it that names nothing lets nobody in.
    const late = before.enforcements.find(({ mfaMethodIds }) => mfaMethodIds.includes(id));
    if (late) throw refuse(late.id);
    return { ...before, methods: before.methods.filter((method) => method.id !== id) };
  });
}

async function mustBeOwn(configs: MfaConfigs, namespace: Where, id: string, type: MethodType): Promise<void> {
  const found = await methodById(configs, namespace, id, type);
  if (!found) throw new CofferError('not-found');
  if (found.namespace.id !== namespace.id) throw invalidRequest(elsewhere);
}

/** It stands in a header, before a colon and between commas. */
function checkName(name: string): void {
  if (!/^[\x21-\x7e]*$/.test(name) || /[:,]/.test(name))
    throw invalidRequest('method_name takes printable ASCII without spaces, ":" and ","');
  if (name.length > longestName)
    throw invalidRequest(`method_name cannot be longer than ${longestName} characters`);
}

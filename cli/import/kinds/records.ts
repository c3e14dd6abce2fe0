import type { JsonObject } from '../../../sdk/secret.ts';
import { type Context, listOrReport, type SourceMount } from '../context.ts';
import type { Plan, Step } from '../outcome.ts';
import { firstDifference } from '../values.ts';
import { whyBlocked } from './mounts.ts';

/** Things that are listed, read and written by name below one path, the same at both servers. */
export interface RecordKind {
  readonly kind: string;
  readonly namespace: string;
  /** `sys/policies/acl`, `auth/approle/role`. */
  readonly base: string;
  readonly mount?: SourceMount;
  /** The part of what is read that is written back. */
  body(data: JsonObject): JsonObject;
  isLeftOut?(name: string): boolean;
  /** More that belongs to it, worked out when it is written. */
  complete?(name: string, body: JsonObject, isNew: boolean): Promise<JsonObject>;
  /** What of it is not carried. */
  limits?(name: string, isNew: boolean): Promise<string[]>;
}

export async function recordSteps(context: Context, what: RecordKind): Promise<Step[]> {
  const { kind, namespace, base } = what;
  if (!context.filter.mayTakeBelow(`${namespace}${base}/`)) return [];
  const names = await listOrReport(context, kind, namespace + base, () =>
    context.source.listIfKnown(namespace, base),
  );
  return names
    .filter((name) => !what.isLeftOut?.(name) && context.filter.takes(`${namespace}${base}/${name}`))
    .map((name) => ({ kind, path: `${namespace}${base}/${name}`, plan: () => plan(context, what, name) }));
}

async function plan(context: Context, what: RecordKind, name: string): Promise<Plan> {
  const { namespace, base } = what;
  const blocked = what.mount && whyBlocked(context, what.mount);
  if (blocked !== undefined) return { do: 'cannot', why: blocked };
  const path = `${base}/${name}`;
  const data = await context.source.read(namespace, path);
  if (data === undefined) return { do: 'cannot', why: 'it has gone from the source meanwhile' };
  const wanted = what.body(data);
  const found = await context.target.read(namespace, path);
  const notes = (await what.limits?.(name, found === undefined)) ?? [];
  const write = (isNew: boolean) => async (): Promise<void> => {
    const body = (await what.complete?.(name, wanted, isNew)) ?? wanted;
    await context.target.write(namespace, path, body);
  };
  if (found === undefined) return { do: 'create', notes, apply: write(true) };
  const field = firstDifference(wanted, found);
  if (field === undefined) return { do: 'nothing', notes };
  return { do: 'conflict', why: `it differs at "${field}"`, notes, replace: write(false) };
}

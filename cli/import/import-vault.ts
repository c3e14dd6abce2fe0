import type { Context } from './context.ts';
import { authStages } from './kinds/auth-records.ts';
import { entityStage } from './kinds/entities.ts';
import { groupStage } from './kinds/groups.ts';
import { kvStages } from './kinds/kv.ts';
import { findLeftovers } from './kinds/leftovers.ts';
import { findPlace, mountStage } from './kinds/mounts.ts';
import { findNamespaces, namespaceStage } from './kinds/namespaces.ts';
import { policyStages, quotaStage } from './kinds/policies.ts';
import type { Outcome, Stage } from './outcome.ts';

/** What there is to do, each stage after those that it needs, and what stays behind. */
export interface Survey {
  readonly stages: readonly Stage[];
  readonly leftovers: readonly Outcome[];
}

/** Lists the source: names only, no value. */
export async function surveySource(context: Context): Promise<Survey> {
  const namespaces = await findNamespaces(context);
  const places = await Promise.all(namespaces.map((namespace) => findPlace(context, namespace)));
  const entities = await entityStage(context, places);
  const stages = [
    namespaceStage(context, namespaces),
    ...(await policyStages(context, namespaces)),
    mountStage(context, places),
    ...(await kvStages(context, places)),
    ...(await authStages(context, places)),
    entities.stage,
    await groupStage(context, places, entities.names),
    await quotaStage(context, namespaces),
  ];
  const leftovers = await findLeftovers(context, namespaces);
  return { stages, leftovers: [...context.unseen, ...leftovers] };
}

import type { Context } from '../context.ts';
import type { Stage } from '../outcome.ts';
import { pick, without } from '../values.ts';
import { recordSteps } from './records.ts';

const builtIn = new Set(['root', 'response-wrapping', 'control-group']);

/** ACL policies and password policies. */
export async function policyStages(context: Context, namespaces: readonly string[]): Promise<Stage[]> {
  const acl: Stage = { kind: 'policy', steps: [] };
  const password: Stage = { kind: 'password policy', steps: [] };
  const steps = { acl: [...acl.steps], password: [...password.steps] };
  for (const namespace of namespaces) {
    steps.acl.push(
      ...(await recordSteps(context, {
        kind: 'policy',
        namespace,
        base: 'sys/policies/acl',
        isLeftOut: (name) => builtIn.has(name),
        body: (data) => pick(data, ['policy']),
      })),
    );
    steps.password.push(
      ...(await recordSteps(context, {
        kind: 'password policy',
        namespace,
        base: 'sys/policies/password',
        body: (data) => pick(data, ['policy', 'entropy_source']),
      })),
    );
  }
  return [
    { ...acl, steps: steps.acl },
    { ...password, steps: steps.password },
  ];
}

/** Rate and lease-count quotas. Last of all, so that they do not slow the import down. */
export async function quotaStage(context: Context, namespaces: readonly string[]): Promise<Stage> {
  const steps = [];
  for (const namespace of namespaces)
    for (const type of ['rate-limit', 'lease-count'])
      steps.push(
        ...(await recordSteps(context, {
          kind: 'quota',
          namespace,
          base: `sys/quotas/${type}`,
          body: (data) => without(data, ['name', 'type', 'counter']),
        })),
      );
  return { kind: 'quota', steps };
}

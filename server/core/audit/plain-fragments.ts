import type { AuditExchange, AuditMount, AuditPolicyResults } from './exchange.ts';
import { quoted } from './json-text.ts';

/**
 * Fragments of entries that hold nothing to hash, and so are the same on every device. Each is kept beside the
 * object that it was made from.
 */
export class PlainFragments {
  readonly #requestMounts = new WeakMap<AuditMount, string>();
  readonly #responseMounts = new WeakMap<AuditMount, string>();
  readonly #namespaces = new WeakMap<object, string>();
  readonly #policyResults = new WeakMap<AuditPolicyResults, string>();

  /** Members of `request`, each with a comma before it. */
  requestMount(mount: AuditMount | undefined): string {
    if (mount === undefined) return '';
    let text = this.#requestMounts.get(mount);
    if (text === undefined) {
      text = `,${mountMembers(mount, 'mount_running_version')}`;
      this.#requestMounts.set(mount, text);
    }
    return text;
  }

  /** Members of `response`, without a comma at either end. */
  responseMount(mount: AuditMount | undefined): string {
    if (mount === undefined) return '';
    let text = this.#responseMounts.get(mount);
    if (text === undefined) {
      text = mountMembers(mount, 'mount_running_plugin_version');
      this.#responseMounts.set(mount, text);
    }
    return text;
  }

  namespace(namespace: AuditExchange['namespace']): string {
    let text = this.#namespaces.get(namespace);
    if (text === undefined) {
      const path = namespace.path === '' ? '' : `,"path":${quoted(namespace.path)}`;
      text = `,"namespace":{"id":${quoted(namespace.id)}${path}}`;
      this.#namespaces.set(namespace, text);
    }
    return text;
  }

  /** The member `policy_results` with a comma before it, or nothing. */
  policyResults(results: AuditPolicyResults | undefined): string {
    if (results === undefined) return '';
    let text = this.#policyResults.get(results);
    if (text === undefined) {
      text = `,"policy_results":${policyResultsText(results)}`;
      this.#policyResults.set(results, text);
    }
    return text;
  }
}

function mountMembers(mount: AuditMount, versionKey: string): string {
  let text = `"mount_point":${quoted(mount.path)},"mount_type":${quoted(mount.type)}`;
  text += `,"mount_accessor":${quoted(mount.accessor)}`;
  if (mount.runningVersion) text += `,"${versionKey}":${quoted(mount.runningVersion)}`;
  return `${text},"mount_class":"${mount.class}"`;
}

function policyResultsText(results: AuditPolicyResults): string {
  const granting = (results.grantingPolicies ?? []).map((policy) => {
    let text = `{"name":${quoted(policy.name)},"namespace_id":${quoted(policy.namespaceId)}`;
    if (policy.namespacePath) text += `,"namespace_path":${quoted(policy.namespacePath)}`;
    return `${text},"type":${quoted(policy.type)}}`;
  });
  const list = granting.length > 0 ? `,"granting_policies":[${granting.join(',')}]` : '';
  return `{"allowed":${results.allowed}${list}}`;
}

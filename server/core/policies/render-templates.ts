import type { PathRule, Policy } from './parse-policy.ts';

type Metadata = Readonly<Record<string, string>>;

/** Whom a templated policy is rendered for. */
export interface TemplateIdentity {
  /** Undefined for a token without an entity: nothing resolves. */
  readonly entity: TemplateEntity | undefined;
  /** Of which the entity is a member, directly or not. */
  readonly groups: readonly TemplateGroup[];
}

export interface TemplateEntity {
  readonly id: string;
  readonly name: string;
  readonly metadata: Metadata;
  readonly aliases: readonly TemplateAlias[];
}

export interface TemplateAlias {
  readonly mountAccessor: string;
  readonly id: string;
  readonly name: string;
  readonly metadata: Metadata;
  readonly customMetadata?: Metadata;
}

export interface TemplateGroup {
  readonly id: string;
  readonly name: string;
  readonly metadata: Metadata;
  /** Path of its namespace; a group is found by name only in the policy's own. Absent means root. */
  readonly namespace?: string;
}

/**
 * `policy` with the templates in its paths replaced by facts about who asks. A rule whose template does not
 * resolve is dropped, and so is one where a value could change what the path matches: an empty value, one with
 * `*` or `/`, or one that begins with `+`. A `+` inside a value (john+x@example.com) is itself.
 */
export function renderTemplates(policy: Policy, identity: TemplateIdentity): Policy {
  if (!policy.isTemplated) return policy;
  const rules: PathRule[] = [];
  for (const rule of policy.rules) {
    const path = rule.isTemplated ? renderPath(rule.path, identity, policy.namespace) : rule.path;
    if (path !== undefined) rules.push(rule.isTemplated ? { ...rule, path, isTemplated: false } : rule);
  }
  return { ...policy, rules, isTemplated: false };
}

function renderPath(template: string, identity: TemplateIdentity, namespace: string): string | undefined {
  const [first = '', ...pieces] = template.split('{{');
  let path = first;
  for (const piece of pieces) {
    const [selector = '', after = ''] = piece.split('}}');
    const value = resolve(selector.trim(), identity, namespace);
    if (value === undefined || !isHarmless(value)) return undefined;
    path += value + after;
  }
  return path;
}

function isHarmless(value: string): boolean {
  return value !== '' && !/[*/\u0000-\u001f\u007f]|^\+|^\.{1,2}$/.test(value);
}

function resolve(
  selector: string,
  { entity, groups }: TemplateIdentity,
  namespace: string,
): string | undefined {
  if (!entity) return undefined;
  const ofEntity = after(selector, 'identity.entity.');
  if (ofEntity !== undefined) return resolveEntity(ofEntity, entity);
  const byId = after(selector, 'identity.groups.ids.');
  if (byId !== undefined) return resolveGroup(byId, groups, (group) => group.id);
  const byName = after(selector, 'identity.groups.names.');
  if (byName === undefined) return undefined;
  const own = groups.filter((group) => (group.namespace ?? '') === namespace);
  return resolveGroup(byName, own, (group) => group.name);
}

function resolveEntity(selector: string, entity: TemplateEntity): string | undefined {
  if (selector === 'id') return entity.id;
  if (selector === 'name') return entity.name;
  const key = after(selector, 'metadata.');
  if (key !== undefined) return metadataValue(entity.metadata, key);
  const ofAlias = after(selector, 'aliases.');
  if (ofAlias === undefined) return undefined;
  const dot = ofAlias.indexOf('.');
  const accessor = ofAlias.slice(0, dot);
  const alias =
    dot === -1 ? undefined : entity.aliases.find(({ mountAccessor }) => mountAccessor === accessor);
  return alias && resolveAlias(ofAlias.slice(dot + 1), alias);
}

function resolveAlias(selector: string, alias: TemplateAlias): string | undefined {
  if (selector === 'id') return alias.id;
  if (selector === 'name') return alias.name;
  const key = after(selector, 'metadata.');
  if (key !== undefined) return metadataValue(alias.metadata, key);
  const customKey = after(selector, 'custom_metadata.');
  return customKey === undefined ? undefined : metadataValue(alias.customMetadata ?? {}, customKey);
}

/** The group's handle ends at the first dot, as in Vault. */
function resolveGroup(
  selector: string,
  groups: readonly TemplateGroup[],
  handleOf: (group: TemplateGroup) => string,
): string | undefined {
  const dot = selector.indexOf('.');
  const group =
    dot === -1 ? undefined : groups.find((candidate) => handleOf(candidate) === selector.slice(0, dot));
  if (!group) return undefined;
  const fact = selector.slice(dot + 1);
  if (fact === 'id') return group.id;
  if (fact === 'name') return group.name;
  const key = after(fact, 'metadata.');
  return key === undefined ? undefined : metadataValue(group.metadata, key);
}

function metadataValue(metadata: Metadata, key: string): string | undefined {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}

function after(text: string, prefix: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

import { DurationError, parseDurationSeconds } from '../duration/index.ts';
import type { HclBlock, HclValue } from '../hcl/index.ts';
import type { Capability, ParameterRules, ParameterValue, PathRule } from './policy.ts';
import { capabilities, PolicyError } from './policy.ts';

const known = [
  'comment',
  'policy',
  'capabilities',
  'allowed_parameters',
  'denied_parameters',
  'required_parameters',
  'min_wrapping_ttl',
  'max_wrapping_ttl',
  'pagination_limit',
  'expiration',
  'list_scan_response_keys_filter_path',
  'subscribe_event_types',
];
/** Each adds a hurdle for the caller, so a policy that has one must not be taken without it. */
const unsupported = ['mfa_methods', 'control_group'];

const everything: readonly Capability[] = ['create', 'read', 'update', 'delete', 'list'];
const legacy: Readonly<Record<string, readonly Capability[]>> = {
  deny: ['deny'],
  read: ['read', 'list'],
  write: everything,
  sudo: [...everything, 'sudo'],
};

/** One `path` block, its path being the label. Throws `PolicyError`, or `HclError` for a value of the wrong kind. */
export function parseRule(block: HclBlock): PathRule {
  const written = block.labels[0] ?? '';
  const where = `path ${JSON.stringify(written)}: `;
  const refused = block.keys().find(({ text }) => unsupported.includes(text));
  if (refused)
    throw new PolicyError(
      `${where}"${refused.text}" is not supported`,
      refused.at,
      'Remove it, or split the policy.',
    );
  refuseUnknownKeys(block, known, where);
  const path = written.startsWith('/') ? written.slice(1) : written;
  if (path.includes('+*')) {
    throw new PolicyError(`${where}invalid use of wildcards ('+*' is forbidden)`, block.at);
  }
  const minWrappingTtlSeconds = wrappingTtl(block, 'min_wrapping_ttl');
  const maxWrappingTtlSeconds = wrappingTtl(block, 'max_wrapping_ttl');
  if (maxWrappingTtlSeconds !== 0 && maxWrappingTtlSeconds < minWrappingTtlSeconds) {
    throw new PolicyError('max_wrapping_ttl cannot be less than min_wrapping_ttl', block.at);
  }
  const granted = ruleCapabilities(block, where);
  const responseKeysFilterPath = block.string('list_scan_response_keys_filter_path') || undefined;
  if (responseKeysFilterPath && !granted.includes('list')) {
    throw new PolicyError(`${where}list_scan_response_keys_filter_path needs the list capability`, block.at);
  }
  return {
    path,
    isTemplated: isTemplated(path, block),
    capabilities: granted,
    allowedParameters: parameters(block, 'allowed_parameters'),
    deniedParameters: parameters(block, 'denied_parameters'),
    requiredParameters: (block.stringList('required_parameters') ?? []).map((name) => name.toLowerCase()),
    minWrappingTtlSeconds,
    maxWrappingTtlSeconds,
    expiresAtMs: expiration(block, where),
    paginationLimit: paginationLimit(block, where),
    responseKeysFilterPath,
    subscribeEventTypes: block.stringList('subscribe_event_types') ?? [],
    conditions: undefined,
  };
}

/** In Vault's words: every unknown key with its line. */
export function refuseUnknownKeys(block: HclBlock, allowed: readonly string[], where: string): void {
  const unknown = block.keys().filter(({ text }) => !allowed.includes(text));
  const [first] = unknown;
  if (!first) return;
  const lines = unknown.map(
    ({ text, at }) => `\t* ${where}invalid key ${JSON.stringify(text)} on line ${at.line}\n`,
  );
  const count = unknown.length === 1 ? '1 error' : `${unknown.length} errors`;
  throw new PolicyError(
    `${count} occurred:\n${lines.join('')}\n`,
    first.at,
    `Known here: ${allowed.join(', ')}.`,
  );
}

function ruleCapabilities(block: HclBlock, where: string): readonly Capability[] {
  const old = block.string('policy') ?? '';
  const named = block.stringList('capabilities') ?? [];
  if (old !== '' && !Object.hasOwn(legacy, old)) {
    throw new PolicyError(
      `${where}invalid policy ${JSON.stringify(old)}`,
      block.at,
      'It is read, write, sudo or deny.',
    );
  }
  const granted = new Set<Capability>(legacy[old] ?? []);
  for (const word of named) {
    const capability = capabilities.find((candidate) => candidate === word);
    if (!capability) {
      const place = block.value('capabilities')?.at;
      throw new PolicyError(
        `${where}invalid capability ${JSON.stringify(word)}`,
        place,
        `Known: ${capabilities.join(', ')}.`,
      );
    }
    granted.add(capability);
  }
  return granted.has('deny') ? ['deny'] : [...granted];
}

/** Braces must pair; what they hold is only judged when it is rendered, as in Vault. */
function isTemplated(path: string, block: HclBlock): boolean {
  const [before = '', ...pieces] = path.split('{{');
  if (before.includes('}}') || pieces.some((piece) => piece.split('}}').length !== 2)) {
    throw new PolicyError('failed to validate policy templating: unbalanced templating characters', block.at);
  }
  return pieces.length > 0;
}

function wrappingTtl(block: HclBlock, key: string): number {
  try {
    return parseDurationSeconds(block.scalar(key));
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new PolicyError(`error parsing ${key}: ${error.message}`, block.value(key)?.at, error.hint);
  }
}

function paginationLimit(block: HclBlock, where: string): number {
  const limit = block.number('pagination_limit') ?? 0;
  if (Number.isSafeInteger(limit) && limit >= 0) return limit;
  throw new PolicyError(
    `${where}invalid pagination_limit`,
    block.value('pagination_limit')?.at,
    'Write a whole number.',
  );
}

/** RFC 3339, or seconds since the epoch. */
function expiration(block: HclBlock, where: string): number | undefined {
  const written = block.scalar('expiration');
  if (written === undefined || written === '') return undefined;
  const text = String(written);
  const isTime = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)$/.test(text);
  const ms = isTime ? Date.parse(text) : /^\d{1,12}$/.test(text) ? Number(text) * 1000 : Number.NaN;
  if (Number.isFinite(ms)) return ms;
  throw new PolicyError(
    `${where}invalid expiration time`,
    block.value('expiration')?.at,
    'Write it as 2030-01-31T12:00:00Z.',
  );
}

/** Undefined when the key is absent or empty: both mean no constraint. */
function parameters(block: HclBlock, key: string): ParameterRules | undefined {
  const rules = new Map<string, ParameterValue[]>();
  for (const item of block.items(key)) {
    if (item.value.kind === 'null') continue;
    if (item.value.kind !== 'object' || item.labels.length > 0)
      throw block.wrongKind(key, item.value, 'a block of lists');
    for (const { key: name, value } of item.value.items) {
      const lower = name.text.toLowerCase();
      if (rules.has(lower))
        throw block.error(`"${lower}" is set twice in ${key}`, name.at, 'Names are compared in lower case.');
      if (value.kind !== 'list') throw block.wrongKind(lower, value, 'a list');
      rules.set(
        lower,
        value.items.map((element) => parameterValue(block, lower, element)),
      );
    }
  }
  return rules.size > 0 ? rules : undefined;
}

function parameterValue(block: HclBlock, name: string, value: HclValue): ParameterValue {
  switch (value.kind) {
    case 'string':
    case 'boolean':
      return value.value;
    case 'number':
      return { number: value.text };
    case 'list':
      return value.items.map((item) => parameterValue(block, name, item));
    default:
      throw block.wrongKind(name, value, 'text, a number, true, false or a list of them');
  }
}

import { DurationError, parseWholeSeconds } from '../../../../formats/duration/index.ts';
import { JsonError, parseJson, stringifyJson } from '../../../../formats/json/index.ts';
import { invalidRequest } from '../../../contracts/errors.ts';
import type { JsonObject } from '../../../contracts/request.ts';
import type { TemplateEntity, TemplateIdentity } from '../../policies/render-templates.ts';

/** Set by the server alone; a template may not name them. */
export const reservedClaims = [
  'iat',
  'aud',
  'exp',
  'iss',
  'sub',
  'namespace',
  'nonce',
  'auth_time',
  'at_hash',
  'c_hash',
] as const;

class TemplateError extends Error {}

const nobody: TemplateIdentity = { entity: { id: '', name: '', metadata: {}, aliases: [] }, groups: [] };
const longestTemplate = 65_536;

/** A template as it is stored: base64 is decoded where it was given so, as Vault does. */
export function decodeTemplate(given: string): string {
  if (given === '' || given.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(given)) return given;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(given, 'base64'));
  } catch {
    return given;
  }
}

/** Throws 'invalid-request' unless the template makes a JSON object of whoever asks, without reserved claims. */
export function checkTemplate(template: string): void {
  if (template === '') return;
  if (template.length > longestTemplate)
    throw invalidRequest(`a template has at most ${longestTemplate} characters`);
  for (const claim of Object.keys(claimsFor(template)))
    if (isReserved(claim))
      throw invalidRequest(
        `top level key "${claim}" not allowed. Restricted keys: ${reservedClaims.join(', ')}`,
      );
}

/** The claims that a template would make, for whoever looks for conflicts. Throws 'invalid-request'. */
export function claimsFor(template: string): JsonObject {
  if (template === '') return {};
  let text: string;
  try {
    text = fill(template, nobody, 0);
  } catch (error) {
    if (error instanceof TemplateError) throw invalidRequest(`error parsing template: ${error.message}`);
    throw error;
  }
  const claims = objectOf(text);
  if (typeof claims === 'string') throw invalidRequest(`error parsing template JSON: ${claims}`);
  return claims;
}

/**
 * Claims about `identity`, without reserved ones; nothing where the template cannot be filled in (a template
 * without an entity to speak of). Values are put in as JSON, so that no name or metadata can add a claim.
 */
export function renderClaims(template: string, identity: TemplateIdentity, nowMs: number): JsonObject {
  if (template === '') return {};
  try {
    const claims = objectOf(fill(template, identity, nowMs));
    if (typeof claims === 'string') return {};
    return Object.fromEntries(Object.entries(claims).filter(([claim]) => !isReserved(claim)));
  } catch (error) {
    if (error instanceof TemplateError) return {};
    throw error;
  }
}

function isReserved(claim: string): boolean {
  return (reservedClaims as readonly string[]).includes(claim);
}

/** What is wrong with it, when it is no object. */
function objectOf(text: string): JsonObject | string {
  try {
    const value = parseJson(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value))
      return value;
    return 'it is not an object';
  } catch (error) {
    if (error instanceof JsonError) return error.message;
    throw error;
  }
}

function fill(template: string, identity: TemplateIdentity, nowMs: number): string {
  const [first = '', ...pieces] = template.split('{{');
  let text = first;
  for (const piece of pieces) {
    // A JSON object may end right behind a directive.
    const end = piece.indexOf('}}');
    if (end < 0) throw new TemplateError('unbalanced templating characters');
    text += stringifyJson(selected(piece.slice(0, end).trim(), identity, nowMs)) + piece.slice(end + 2);
  }
  return text;
}

function selected(selector: string, { entity, groups }: TemplateIdentity, nowMs: number): unknown {
  if (selector.startsWith('time.')) return timeOf(selector.slice('time.'.length), nowMs);
  const rest = after(selector, 'identity.entity.');
  if (rest === undefined) throw unknown(selector);
  if (!entity) throw new TemplateError('there is no entity');
  if (rest === 'groups.names') return groups.map(({ name }) => name);
  if (rest === 'groups.ids') return groups.map(({ id }) => id);
  if (rest === 'id') return entity.id;
  if (rest === 'name') return entity.name;
  const ofAlias = after(rest, 'aliases.');
  if (ofAlias !== undefined) return aliasValue(ofAlias, entity, selector);
  return metadataOf(rest, 'metadata', entity.metadata, selector);
}

/** A mount that does not know the entity: empty values, so that claims are always there. */
function aliasValue(selector: string, entity: TemplateEntity, whole: string): unknown {
  const dot = selector.indexOf('.');
  if (dot < 0) throw unknown(whole);
  const accessor = selector.slice(0, dot);
  const rest = selector.slice(dot + 1);
  const alias = entity.aliases.find(({ mountAccessor }) => mountAccessor === accessor);
  if (rest === 'id') return alias?.id ?? '';
  if (rest === 'name') return alias?.name ?? '';
  if (rest.startsWith('custom_metadata'))
    return metadataOf(rest, 'custom_metadata', alias?.customMetadata ?? {}, whole);
  return metadataOf(rest, 'metadata', alias?.metadata ?? {}, whole);
}

function metadataOf(
  selector: string,
  word: string,
  metadata: Readonly<Record<string, string>>,
  whole: string,
): unknown {
  if (selector === word) return metadata;
  const key = after(selector, `${word}.`);
  if (key === undefined) throw unknown(whole);
  return Object.hasOwn(metadata, key) ? metadata[key] : '';
}

function timeOf(selector: string, nowMs: number): number {
  const found = /^now(?:\.(plus|minus)\.(.+))?$/.exec(selector);
  if (!found) throw unknown(`time.${selector}`);
  const [, operator, duration] = found;
  const nowSeconds = Math.floor(nowMs / 1000);
  if (duration === undefined) return nowSeconds;
  try {
    const seconds = parseWholeSeconds(duration);
    return operator === 'plus' ? nowSeconds + seconds : nowSeconds - seconds;
  } catch (error) {
    if (error instanceof DurationError) throw new TemplateError(`invalid duration: ${error.message}`);
    throw error;
  }
}

function after(text: string, prefix: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

function unknown(selector: string): TemplateError {
  return new TemplateError(`no value could be found for "${selector.slice(0, 200)}"`);
}

import type { Clock } from '../../contracts/clock.ts';
import type { JsonObject } from '../../contracts/request.ts';
import type { AuditedHeaders } from './audited-headers.ts';
import type { CommonDeviceOptions } from './device-options.ts';
import type { AuditExchange, AuditOutcome, AuditToken, AuditWrap } from './exchange.ts';
import { elidedListJson, hashedJson, type StringForm } from './hashed-json.ts';
import { quoted, quotedList, secondText, type Timestamps } from './json-text.ts';
import { jsonxOf } from './jsonx.ts';
import type { PlainFragments } from './plain-fragments.ts';
import { RecentHashes } from './recent-hashes.ts';
import type { SaltedHash } from './salted-hash.ts';
import { scrubbed } from './scrubbed.ts';

/** Rendered data above this is made anew each time, so that the fragments kept stay small beside the records. */
const keptCharacters = 32 * 1024;

interface KeptData {
  readonly text: string;
  readonly mountKeys: readonly string[] | undefined;
  readonly operationKeys: readonly string[] | undefined;
  readonly elided: boolean;
}

interface KeptToken {
  /** Members of `auth`, without braces. */
  readonly auth: string;
  /** Members of `request`, each with a comma before it. */
  readonly request: string;
}

/** What all devices of a broker share: nothing in it depends on a salt. */
export interface SharedRendering {
  readonly clock: Clock;
  readonly timestamps: Timestamps;
  readonly fragments: PlainFragments;
  readonly headers: AuditedHeaders;
}

/**
 * Writes the audit entries of one device in Vault's format. Fragments that cost a hash are kept beside the
 * object that they were made from, and die with it.
 */
export class EntryFormatter {
  readonly #salted: SaltedHash;
  readonly #options: CommonDeviceOptions;
  readonly #shared: SharedRendering;
  readonly #form: StringForm;
  readonly #accessorForm: StringForm;
  readonly #tokens = new WeakMap<AuditToken, KeptToken>();
  readonly #data = new WeakMap<JsonObject, KeptData>();
  #lastExchange: AuditExchange | undefined;
  #lastText = '';

  constructor(salted: SaltedHash, options: CommonDeviceOptions, shared: SharedRendering) {
    this.#salted = salted;
    this.#options = options;
    this.#shared = shared;
    const hashes = new RecentHashes(salted, shared.clock);
    this.#form = options.logRaw ? asItIs : (text) => hashes.text(text);
    this.#accessorForm = options.hmacAccessor ? this.#form : asItIs;
  }

  /** One line, with its end. */
  requestLine(exchange: AuditExchange): string {
    const time = this.#shared.timestamps.text(exchange.timeMs);
    const error = this.#errorText(exchange, exchange.error);
    return this.#line(`{"time":"${time}","type":"request",${this.#common(exchange)}${error}}`);
  }

  /** One line, with its end. */
  responseLine(exchange: AuditExchange, outcome: AuditOutcome): string {
    const time = this.#shared.timestamps.text(outcome.timeMs);
    const common = this.#common(exchange);
    // Not needed again, and must not keep the exchange alive.
    this.#lastExchange = undefined;
    this.#lastText = '';
    const error = this.#errorText(exchange, outcome.error);
    return this.#line(
      `{"time":"${time}","type":"response",${common},"response":{${this.#response(exchange, outcome)}}${error}}`,
    );
  }

  /** The members `auth` and `request`, which both entries of an exchange have. */
  #common(exchange: AuditExchange): string {
    if (exchange === this.#lastExchange) return this.#lastText;
    const { fragments } = this.#shared;
    const { token, mount, remainingUses } = exchange;
    const kept =
      token === undefined ? this.#withoutToken(exchange.clientToken) : this.#token(exchange, token);
    let text = `"auth":{${kept.auth}${fragments.policyResults(exchange.policyResults)}`;
    if (remainingUses !== undefined && remainingUses > 0) text += `,"remaining_uses":${remainingUses}`;
    text += `},"request":{"id":${quoted(exchange.requestId)},"operation":"${exchange.operation}"`;
    text += kept.request + fragments.requestMount(mount) + fragments.namespace(exchange.namespace);
    text += `,"path":${quoted(exchange.path)}`;
    if (exchange.data !== undefined && hasMembers(exchange.data)) {
      text += `,"data":${this.#dataText(exchange.data, mount?.nonHmacRequestKeys, undefined, false)}`;
    }
    text += `,"remote_address":${quoted(exchange.remoteAddress)},"remote_port":${exchange.remotePort}`;
    if (exchange.wrapTtlSeconds > 0) text += `,"wrap_ttl":${exchange.wrapTtlSeconds}`;
    text += this.#shared.headers.fragment(exchange.headers, this.#salted);
    if (exchange.clientCertificateSerialNumber) {
      text += `,"client_certificate_serial_number":${quoted(exchange.clientCertificateSerialNumber)}`;
    }
    text += '}';
    this.#lastExchange = exchange;
    this.#lastText = text;
    return text;
  }

  #response(exchange: AuditExchange, outcome: AuditOutcome): string {
    const members: string[] = [];
    const { data, auth, wrap, warnings } = outcome;
    if (auth !== undefined) members.push(`"auth":{${this.#authMembers(auth, auth.clientToken)}}`);
    const mount = this.#shared.fragments.responseMount(exchange.mount);
    if (mount !== '') members.push(mount);
    if (outcome.leaseId) members.push(`"secret":{"lease_id":${quoted(outcome.leaseId)}}`);
    if (data !== undefined && data !== null && hasMembers(data)) {
      const elided = this.#options.elideListResponses && exchange.operation === 'list';
      const text = this.#dataText(data, exchange.mount?.nonHmacResponseKeys, outcome.clearKeys, elided);
      members.push(`"data":${text}`);
    }
    if (warnings !== undefined && warnings.length > 0) {
      members.push(`"warnings":${quotedList(warnings.map((text) => this.#scrubbed(exchange, text)))}`);
    }
    if (outcome.redirect) members.push(`"redirect":${quoted(this.#form(outcome.redirect))}`);
    if (wrap !== undefined) members.push(`"wrap_info":${this.#wrapText(wrap)}`);
    return members.join(',');
  }

  #dataText(
    data: JsonObject,
    mountKeys: readonly string[] | undefined,
    operationKeys: readonly string[] | undefined,
    elided: boolean,
  ): string {
    const kept = this.#data.get(data);
    if (
      kept !== undefined &&
      kept.mountKeys === mountKeys &&
      kept.operationKeys === operationKeys &&
      kept.elided === elided
    ) {
      return kept.text;
    }
    const clearKeys = new Set([...(mountKeys ?? []), ...(operationKeys ?? [])]);
    const text = (elided ? elidedListJson : hashedJson)(data, this.#form, clearKeys);
    // What is not frozen belongs to one request, and is not seen again.
    if (text.length <= keptCharacters && Object.isFrozen(data))
      this.#data.set(data, { text, mountKeys, operationKeys, elided });
    return text;
  }

  #token(exchange: AuditExchange, token: AuditToken): KeptToken {
    let kept = this.#tokens.get(token);
    if (kept === undefined) {
      const { clientToken } = exchange;
      let request = token.clientId ? `,"client_id":${quoted(token.clientId)}` : '';
      if (clientToken) request += `,"client_token":"${this.#secret(clientToken)}"`;
      if (token.accessor) request += `,"client_token_accessor":${quoted(this.#accessorForm(token.accessor))}`;
      kept = { auth: this.#authMembers(token, clientToken), request };
      this.#tokens.set(token, kept);
    }
    return kept;
  }

  #withoutToken(clientToken: string | undefined): KeptToken {
    const request = clientToken ? `,"client_token":"${this.#secret(clientToken)}"` : '';
    return { auth: '"token_type":"default"', request };
  }

  #authMembers(token: AuditToken, clientToken: string | undefined): string {
    const members: string[] = [];
    if (clientToken) members.push(`"client_token":"${this.#secret(clientToken)}"`);
    if (token.accessor) members.push(`"accessor":${quoted(this.#accessorForm(token.accessor))}`);
    if (token.displayName) members.push(`"display_name":${quoted(token.displayName)}`);
    if (token.policies.length > 0) members.push(`"policies":${quotedList(token.policies)}`);
    if (token.tokenPolicies.length > 0) members.push(`"token_policies":${quotedList(token.tokenPolicies)}`);
    if (token.identityPolicies?.length) {
      members.push(`"identity_policies":${quotedList(token.identityPolicies)}`);
    }
    if (token.noDefaultPolicy) members.push('"no_default_policy":true');
    if (token.metadata !== undefined && Object.keys(token.metadata).length > 0) {
      members.push(`"metadata":${hashedJson(token.metadata, asItIs, new Set())}`);
    }
    if (token.numUses) members.push(`"num_uses":${token.numUses}`);
    if (token.entityId) members.push(`"entity_id":${quoted(token.entityId)}`);
    if (token.entityCreated) members.push('"entity_created":true');
    members.push(`"token_type":"${token.type}"`);
    if (token.ttlSeconds) members.push(`"token_ttl":${token.ttlSeconds}`);
    if (token.issuedAtMs !== undefined) members.push(`"token_issue_time":"${secondText(token.issuedAtMs)}"`);
    return members.join(',');
  }

  #wrapText(wrap: AuditWrap): string {
    let text = `{"ttl":${wrap.ttlSeconds},"token":"${this.#secret(wrap.token)}"`;
    text += `,"accessor":${quoted(this.#accessorForm(wrap.accessor))}`;
    text += `,"creation_time":"${new Date(wrap.createdAtMs).toISOString()}"`;
    text += `,"creation_path":${quoted(wrap.creationPath)}`;
    if (wrap.wrappedAccessor) {
      text += `,"wrapped_accessor":${quoted(this.#accessorForm(wrap.wrappedAccessor))}`;
    }
    return `${text}}`;
  }

  #errorText(exchange: AuditExchange, error: string | undefined): string {
    return error ? `,"error":${quoted(this.#scrubbed(exchange, error))}` : '';
  }

  #scrubbed(exchange: AuditExchange, text: string): string {
    return this.#options.logRaw ? text : scrubbed(text, exchange, this.#form);
  }

  /** A token's form, ready to stand between quotes. */
  #secret(token: string): string {
    return quoted(this.#form(token)).slice(1, -1);
  }

  #line(whole: string): string {
    const { format, prefix, exclusions } = this.#options;
    const entry = exclusions ? exclusions(whole) : whole;
    return `${prefix}${format === 'json' ? entry : jsonxOf(entry)}\n`;
  }
}

/** An empty map is left out, as Vault does. */
function hasMembers(data: JsonObject): boolean {
  for (const _ in data) return true;
  return false;
}

function asItIs(text: string): string {
  return text;
}

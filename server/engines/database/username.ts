import { createHash, randomUUID } from 'node:crypto';
import {
  parseTemplate,
  type Template,
  TemplateError,
  type TemplateFunctions,
} from '../../../formats/go-template/index.ts';
import type { Clock } from '../../contracts/clock.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import { randomText } from '../../crypto/random.ts';
import { failed } from './failures.ts';

const mostRandom = 4096;

/** Throws 'invalid-request', in Vault's words. */
export function parseUsernameTemplate(source: string, clock: Clock): Template {
  try {
    const template = parseTemplate(source, templateFunctions(clock));
    template.render({ DisplayName: 'display', RoleName: 'role' });
    return template;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw invalidRequest(
      `unable to initialize username template: unable to parse template: template: ${error.message}`,
    );
  }
}

/**
 * The name of a new user. Of display and role names only letters, digits and `_ . @ -` are taken over: whoever logged
 * in under a name of quotes must not have them in a statement. Throws when the template makes nothing usable.
 */
export function renderUsername(
  template: Template,
  names: { readonly displayName: string; readonly roleName: string },
  maxBytes: number,
): string {
  let username: string;
  try {
    username = template.render({
      DisplayName: harmless(names.displayName),
      RoleName: harmless(names.roleName),
    });
  } catch (error) {
    if (error instanceof TemplateError) throw failed(`failed to generate username: ${error.message}`, error);
    throw error;
  }
  // Two dashes begin a comment in SQL.
  const name = username.replaceAll(/-{2,}/g, '-');
  if (name === '' || Buffer.byteLength(name) > maxBytes)
    throw failed(
      `failed to generate username: the template makes one of ${Buffer.byteLength(name)} bytes, and this database takes 1 to ${maxBytes}`,
    );
  if (!/^[\p{L}\p{N}_.@+:-]+$/u.test(name))
    throw failed(
      'failed to generate username: the template makes one with characters other than letters, digits and _ . @ + : -',
    );
  return name;
}

function harmless(text: string): string {
  return text.normalize('NFC').replaceAll(/[^A-Za-z0-9_.@-]/g, '_');
}

/** Those of Vault's username templates. */
function templateFunctions(clock: Clock): TemplateFunctions {
  return {
    random: (length) => randomText(bounded(length)),
    truncate: (length, text) => truncate(bounded(length), String(text)),
    truncate_sha256: (length, text) => truncateSha256(bounded(length), String(text)),
    uppercase: (text) => String(text).toUpperCase(),
    lowercase: (text) => String(text).toLowerCase(),
    replace: (find, by, text) => String(text).replaceAll(String(find), () => String(by)),
    sha256: (text) => sha256(String(text)),
    base64: (text) => Buffer.from(String(text), 'utf8').toString('base64'),
    unix_time: () => String(Math.floor(clock.now() / 1000)),
    unix_time_millis: () => String(clock.now()),
    timestamp: (layout) => goTime(String(layout), new Date(clock.now())),
    uuid: () => randomUUID(),
  };
}

function bounded(length: unknown): number {
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length <= 0)
    throw new Error(`must be > 0 but was ${String(length).slice(0, 20)}`);
  return Math.min(length, mostRandom);
}

function truncate(length: number, text: string): string {
  return Buffer.from(text, 'utf8').subarray(0, length).toString('utf8').replaceAll('\ufffd', '');
}

function truncateSha256(length: number, text: string): string {
  if (length <= 8) throw new Error('must be > 8');
  if (Buffer.byteLength(text) <= length) return text;
  const kept = truncate(length - 8, text);
  return `${kept}${sha256(text.slice(kept.length)).slice(0, 8)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Go's reference time, as far as numbers go. */
function goTime(layout: string, time: Date): string {
  const iso = time.toISOString();
  const parts: Readonly<Record<string, string>> = {
    '2006': iso.slice(0, 4),
    '01': iso.slice(5, 7),
    '02': iso.slice(8, 10),
    '15': iso.slice(11, 13),
    '04': iso.slice(14, 16),
    '05': iso.slice(17, 19),
    'Z07:00': 'Z',
  };
  return layout.replaceAll(/2006|Z07:00|01|02|15|04|05/g, (part) => parts[part] ?? part);
}

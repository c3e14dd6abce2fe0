import { isRawNumber } from '../../../formats/json/index.ts';
import type { JsonObject } from '../../contracts/request.ts';
import { quoted } from './json-text.ts';

/** Turns the strings of a value into what may be written: their hash, or themselves on a raw device. */
export type StringForm = (text: string) => string;

/**
 * The JSON text of `data` with every string value, at any depth, in the form that `form` gives it. Keys,
 * numbers, booleans and nulls stay clear, and so do the strings directly under a key (or in a list directly
 * under a key) of `clearKeys`: Vault's rules.
 */
export function hashedJson(data: JsonObject, form: StringForm, clearKeys: ReadonlySet<string>): string {
  return objectText(data, form, clearKeys);
}

/** As `hashedJson` of a list's answer, with `keys` and `key_info` replaced by how many there are. */
export function elidedListJson(data: JsonObject, form: StringForm, clearKeys: ReadonlySet<string>): string {
  const { keys, key_info: info, ...rest } = data;
  const counted: Record<string, unknown> = { ...rest };
  if (keys !== undefined) counted['keys'] = Array.isArray(keys) ? keys.length : keys;
  if (info !== undefined) counted['key_info'] = isPlainObject(info) ? Object.keys(info).length : info;
  return objectText(counted, form, clearKeys);
}

function objectText(object: object, form: StringForm, clearKeys: ReadonlySet<string>): string {
  let text = '';
  for (const [key, value] of Object.entries(object)) {
    const rendered = valueText(value, form, clearKeys, clearKeys.has(key));
    if (rendered !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${rendered}`;
  }
  return `{${text}}`;
}

function valueText(
  value: unknown,
  form: StringForm,
  clearKeys: ReadonlySet<string>,
  clear: boolean,
): string | undefined {
  switch (typeof value) {
    case 'string':
      return quoted(clear ? value : form(value));
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return value.toString();
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return 'null';
  if (isRawNumber(value)) return value.rawJSON;
  if (Array.isArray(value)) {
    return `[${value.map((item) => valueText(item, form, clearKeys, clear) ?? 'null').join(',')}]`;
  }
  if (ArrayBuffer.isView(value) || value instanceof Date) {
    const text =
      value instanceof Date ? value.toISOString() : Buffer.from(viewBytes(value)).toString('base64');
    return quoted(clear ? text : form(text));
  }
  return objectText(value, form, clearKeys);
}

function viewBytes(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

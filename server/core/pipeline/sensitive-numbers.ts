import { isRawNumber } from '../../../formats/json/index.ts';
import type { FieldDeclarations, PathDeclaration } from '../../contracts/paths.ts';
import type { JsonObject } from '../../contracts/request.ts';

/** Names under which a declaration takes something secret. */
const secretNames = new WeakMap<FieldDeclarations, readonly string[]>();

/**
 * The data of a request as the audit log is given it. The log hashes strings and shows numbers, and nobody keeps a
 * client from sending a passcode as a number: under a field that is declared sensitive, numbers are texts.
 */
export function withoutSensitiveNumbers(
  data: JsonObject,
  declaration: PathDeclaration | undefined,
): JsonObject {
  if (!declaration) return data;
  const names = namesOf(declaration.fields).filter((name) => hasNumber(data[name]));
  if (names.length === 0) return data;
  return { ...data, ...Object.fromEntries(names.map((name) => [name, asTexts(data[name])])) };
}

function namesOf(fields: FieldDeclarations): readonly string[] {
  let names = secretNames.get(fields);
  if (!names) {
    names = Object.entries(fields).flatMap(([name, { sensitive, aliases }]) =>
      sensitive ? [name, ...(aliases ?? [])] : [],
    );
    secretNames.set(fields, names);
  }
  return names;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || isRawNumber(value);
}

function hasNumber(value: unknown): boolean {
  if (isNumber(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasNumber);
}

function asTexts(value: unknown): unknown {
  if (isRawNumber(value)) return value.rawJSON;
  if (isNumber(value)) return String(value);
  if (Array.isArray(value)) return value.map(asTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, asTexts(each)]));
}

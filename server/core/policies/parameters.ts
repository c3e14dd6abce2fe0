import type { ParameterRules, ParameterValue } from './parse-policy.ts';
import type { Permissions } from './permissions.ts';

type Data = Readonly<Record<string, unknown>>;

const longestText = 1_000_000;

/**
 * Whether the fields of a request satisfy the constraints: what is required is there, nothing denied is, and
 * all is allowed. Without fields only `required_parameters` can refuse, as in Vault.
 */
export function satisfiesParameters(permissions: Permissions, data: Data | undefined): boolean {
  const { requiredParameters, deniedParameters, allowedParameters } = permissions;
  if (requiredParameters.length === 0 && !deniedParameters && !allowedParameters) return true;
  const fields = data ?? {};
  if (!requiredParameters.every((name) => Object.hasOwn(fields, name))) return false;
  const names = Object.keys(fields);
  if (names.length === 0) return true;
  if (deniedParameters && !names.every((name) => passesDenied(deniedParameters, name, fields[name])))
    return false;
  return !allowedParameters || names.every((name) => passesAllowed(allowedParameters, name, fields[name]));
}

/** `*` as a name denies every field. Any one element of a list, or part between commas, is enough to refuse. */
function passesDenied(rules: ParameterRules, name: string, value: unknown): boolean {
  if (rules.has('*')) return false;
  const values = rules.get(name.toLowerCase());
  if (!values) return true;
  if (values.length === 0 || isTooLong(value) || isAmong(value, values)) return false;
  return !parts(value).some((part) => isAmong(part, values));
}

/** `*` as a name allows every field not named. A list passes as a whole, or when each of its elements does. */
function passesAllowed(rules: ParameterRules, name: string, value: unknown): boolean {
  const values = rules.get(name.toLowerCase());
  if (!values) return rules.has('*');
  // Vault: `*` alone switches the check of values off, too.
  if (values.length === 0 || isAmong(value, values)) return true;
  if ((!Array.isArray(value) && typeof value !== 'string') || isTooLong(value)) return false;
  return parts(value).every((part) => isAmong(part, values));
}

/** Of a list in text that takes seconds to go through nobody can say that it is allowed. */
function isTooLong(value: unknown): boolean {
  return typeof value === 'string' && value.length > longestText && value.includes(',');
}

/** A field may be declared as a list that arrives as text with commas, which the matcher cannot know. */
function parts(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'string' ? value.split(',').map((part) => part.trim()) : [];
}

function isAmong(value: unknown, values: readonly ParameterValue[]): boolean {
  return values.some((wanted) => matches(value, wanted));
}

function matches(value: unknown, wanted: ParameterValue): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(value) &&
      value.length === wanted.length &&
      wanted.every((item, index) => isSame(value[index], item))
    );
  }
  const text = scalarText(value);
  if (text === undefined) return false;
  return typeof wanted === 'string' ? matchesGlob(text, wanted) : text === wantedText(wanted);
}

/** Inside a list `*` has no meaning. */
function isSame(value: unknown, wanted: ParameterValue): boolean {
  if (Array.isArray(wanted)) return matches(value, wanted);
  return scalarText(value) === wantedText(wanted);
}

function wantedText(wanted: ParameterValue): string | undefined {
  if (typeof wanted === 'object' && 'number' in wanted) return numberText(wanted.number);
  return scalarText(wanted);
}

/** Clients send numbers and booleans as themselves or as text; both compare alike. */
function scalarText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return numberText(String(value));
  return JSON.isRawJSON(value) ? numberText(value.rawJSON) : undefined;
}

/** One spelling for numbers that JavaScript holds exactly (`1e1` and `10.0` are `10`). */
function numberText(written: string): string {
  const number = Number(written);
  return Number.isSafeInteger(number) ? String(number + 0) : written;
}

/** `*` in front and behind only; a lone `*` is itself, as in Vault. */
function matchesGlob(text: string, glob: string): boolean {
  if (glob.length < 2) return text === glob;
  const anyStart = glob.startsWith('*');
  const anyEnd = glob.endsWith('*');
  if (anyStart && anyEnd) return text.includes(glob.slice(1, -1));
  if (anyStart) return text.endsWith(glob.slice(1));
  return anyEnd ? text.startsWith(glob.slice(0, -1)) : text === glob;
}

/** As Go's templates see it: what is empty, zero or nothing is false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isRaw(value)) return true;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A number that formats/json kept as it was written: Go's json.Number. */
export function isRaw(value: unknown): value is { readonly rawJSON: string } {
  return typeof value === 'object' && value !== null && JSON.isRawJSON(value);
}

/** `eq` of two values. Throws for what Go does not compare. */
export function isEqual(a: unknown, b: unknown): boolean {
  const [left, right] = [basic(a), basic(b)];
  const none = (value: unknown) => value === null || value === undefined;
  if (none(left) || none(right)) return none(left) && none(right);
  if (typeof left === 'object' || typeof right === 'object') throw new Error('non-comparable type');
  if (typeof left !== typeof right) throw new Error('incompatible types for comparison');
  return left === right;
}

/** `lt` of two values: numbers, or strings by their bytes. */
export function isLess(a: unknown, b: unknown): boolean {
  const [left, right] = [basic(a), basic(b)];
  if (typeof left === 'number' && typeof right === 'number') return left < right;
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right)) < 0;
  if (typeof left === typeof right) throw new Error('invalid type for comparison');
  throw new Error('incompatible types for comparison');
}

function basic(value: unknown): unknown {
  return isRaw(value) ? value.rawJSON : value;
}

/** The own field of a value; `found` is false where there is none. A prototype's fields are none. */
export function ownField(value: object, name: string): { found: boolean; value: unknown } {
  const property = Object.getOwnPropertyDescriptor(value, name);
  return { found: property !== undefined, value: property?.value };
}

/** `index VALUE KEY…`: into lists by number, into maps by name; a map without the name gives nothing. */
export function indexInto(value: unknown, keys: readonly unknown[]): unknown {
  let current = value;
  for (const key of keys) {
    if (current === null || current === undefined) throw new Error('index of untyped nil');
    if (typeof current === 'string' || Array.isArray(current)) {
      const list = typeof current === 'string' ? [...Buffer.from(current)] : current;
      if (typeof key !== 'number') throw new Error(`cannot index slice/array with type ${typeof key}`);
      if (!Number.isInteger(key) || key < 0 || key >= list.length)
        throw new Error(`index out of range: ${key}`);
      current = list[key];
    } else if (typeof current === 'object' && !isRaw(current)) {
      if (typeof key !== 'string')
        throw new Error('value has the wrong type for a map key; should be string');
      current = ownField(current, key).value;
    } else throw new Error("can't index item of that type");
  }
  return current;
}

/** `slice VALUE FROM TO`: of lists, and of strings by bytes. */
export function sliceOf(value: unknown, bounds: readonly unknown[]): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) throw new Error("can't slice item of that type");
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const [from = 0, to = bytes.length] = bounds.map((bound) => {
    if (typeof bound !== 'number' || !Number.isInteger(bound) || bound < 0 || bound > bytes.length)
      throw new Error('index out of range');
    return bound;
  });
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`);
  return Array.isArray(bytes) ? bytes.slice(from, to) : bytes.subarray(from, to).toString('utf8');
}

/** `len`: bytes of a string, items of a list, entries of a map. */
export function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isRaw(value)) return value.rawJSON.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new Error('len of something without a length');
}

/** What stands in a log in place of a value. */
export const redacted = '[redacted]';
const inspect = Symbol.for('nodejs.util.inspect.custom');

/** One secret with its value. Prints and serialises as `[redacted]`; ask for `.value`. */
export class SecretValue {
  readonly name: string;
  readonly version: number;
  readonly #value: unknown;
  readonly #data: Readonly<Record<string, unknown>>;

  constructor(data: Readonly<Record<string, unknown>>) {
    this.name = String(data['name']);
    this.version = Number(data['version']);
    this.#value = data['value'];
    this.#data = data;
  }

  /** As a text; an object as JSON. `data` has objects as they are. */
  get value(): string {
    return asText(this.#value);
  }

  get data(): unknown {
    return this.#value;
  }

  /** Of database credentials that have all their parts. */
  get url(): string | undefined {
    const url = this.#data['url'];
    return typeof url === 'string' ? url : undefined;
  }

  /** When the server will refuse it; undefined when never. */
  get expiresAt(): Date | undefined {
    const time = this.#data['expires_at'];
    const date = typeof time === 'string' ? new Date(time) : undefined;
    // An unreadable date counts as past: never kept too long.
    return date && Number.isNaN(date.getTime()) ? new Date(0) : date;
  }

  get type(): string {
    return String(this.#data['type']);
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect](): string {
    return `SecretValue(${this.name}) ${redacted}`;
  }
}

/** Names to texts, for `process.env.X = secrets.X`. Prints and serialises as `[redacted]`. */
export type SecretValues = Readonly<Record<string, string>>;

export function secretValues(values: Readonly<Record<string, unknown>>): SecretValues {
  const texts: Record<string, string> = Object.create({
    toString: () => redacted,
    toJSON: () => redacted,
    [inspect]: () => `SecretValues ${redacted}`,
  });
  // Not enumerable, so that a secret called toJSON does not open the others to JSON.stringify.
  for (const [name, value] of Object.entries(values))
    Object.defineProperty(texts, name, { value: asText(value), enumerable: false });
  return texts;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

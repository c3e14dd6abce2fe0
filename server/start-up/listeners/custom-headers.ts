import type { ServerResponse } from 'node:http';

type Rules = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * Adds the listener's `custom_response_headers` to whatever a response says, once its status is known: those
 * for the exact status, then its class, then the defaults. Undefined when there is nothing to add.
 */
export function createHeaderRules(rules: Rules): ((response: ServerResponse) => void) | undefined {
  if (Object.values(rules).every((group) => Object.keys(group).length === 0)) return undefined;
  const byStatus = new Map<number, readonly (readonly [string, string])[]>();
  const headersFor = (status: number): readonly (readonly [string, string])[] => {
    const known = byStatus.get(status);
    if (known) return known;
    const merged = new Map<string, readonly [string, string]>();
    for (const group of ['default', `${Math.floor(status / 100)}xx`, String(status)]) {
      for (const [name, value] of Object.entries(rules[group] ?? {})) {
        merged.set(name.toLowerCase(), [name, value]);
      }
    }
    const headers = [...merged.values()];
    byStatus.set(status, headers);
    return headers;
  };
  return (response) => {
    const writeHead = response.writeHead;
    const withHeaders = (status: number, ...rest: unknown[]): ServerResponse => {
      for (const [name, value] of headersFor(status)) response.setHeader(name, value);
      return Reflect.apply(writeHead, response, [status, ...rest]);
    };
    response.writeHead = withHeaders;
  };
}

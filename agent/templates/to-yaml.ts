/** Block style; a string is quoted unless it is a word that reads as itself in every version of YAML. */
export function toYaml(value: unknown): string {
  return lines(value).join('\n');
}

function lines(value: unknown): string[] {
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap((item) => {
      const [first = '', ...rest] = lines(item);
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
    });
  if (isMap(value) && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([key, item]) => {
      const inner = lines(item);
      const isNested =
        (Array.isArray(item) && item.length > 0) || (isMap(item) && Object.keys(item).length > 0);
      if (!isNested) return [`${scalar(key)}: ${inner[0] ?? ''}`];
      const margin = Array.isArray(item) ? '' : '  ';
      return [`${scalar(key)}:`, ...inner.map((line) => margin + line)];
    });
  return [scalar(value)];
}

function scalar(value: unknown): string {
  if (typeof value === 'string') return isPlain(value) ? value : JSON.stringify(value);
  if (Array.isArray(value)) return '[]';
  return isMap(value) ? '{}' : (JSON.stringify(value) ?? 'null');
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

const readsAsOther = /^(true|false|yes|no|on|off|y|n|null|nan|inf)$/i;

function isPlain(text: string): boolean {
  return /^[A-Za-z_/][A-Za-z0-9_./@+-]*$/.test(text) && !readsAsOther.test(text);
}

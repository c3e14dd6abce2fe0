import type { HclItem, HclKey, HclObject, HclSource, HclValue } from './syntax.ts';

const blank = /[ \t\r\n\ufeff]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const word = /true|false|null/y;

/** JSON text to the tree, with the positions that the runtime's parser does not give. Repeated keys are all kept. */
export function parseJsonForm(source: HclSource, maxDepth: number): HclObject {
  const { text } = source;
  let next = 0;
  const match = (pattern: RegExp): number => {
    pattern.lastIndex = next;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  const skipBlank = (): void => {
    next = Math.max(next, match(blank));
  };
  const takeIf = (character: string): boolean => {
    skipBlank();
    if (text[next] !== character) return false;
    next++;
    return true;
  };
  const expect = (character: string, reason: string): void => {
    if (!takeIf(character)) throw source.error(next, reason);
  };

  function string(): { text: string; start: number; end: number } | undefined {
    if (text[next] !== '"') return undefined;
    const start = next;
    const end = endOfString(text, start);
    next = end;
    try {
      const decoded: unknown = JSON.parse(text.slice(start, end));
      return { text: String(decoded), start, end };
    } catch {
      throw source.error(start, 'the string is not closed or holds what JSON forbids');
    }
  }

  function key(): HclKey {
    skipBlank();
    const found = string();
    if (!found) throw source.error(next, 'a key in double quotes was expected');
    return { ...found, at: source.at(found.start) };
  }

  function value(depth: number): HclValue {
    skipBlank();
    const start = next;
    const at = source.at(start);
    if (text[start] === '{') return object(depth);
    if (text[start] === '[') return list(depth);
    const found = string();
    if (found) return { kind: 'string', value: found.text, at, start, end: next };
    const end = Math.max(match(number), match(word));
    if (end <= start) throw source.error(start, 'a JSON value was expected');
    next = end;
    const written = text.slice(start, end);
    if (written === 'null') return { kind: 'null', at, start, end };
    if (written === 'true' || written === 'false') {
      return { kind: 'boolean', value: written === 'true', at, start, end };
    }
    if (!Number.isFinite(Number(written))) throw source.error(start, 'this number cannot be read');
    return { kind: 'number', value: Number(written) + 0, text: written, at, start, end };
  }

  function object(depth: number): HclObject {
    const start = next;
    open(depth);
    const items: HclItem[] = [];
    if (!takeIf('}')) {
      do {
        const name = key();
        expect(':', 'a : was expected after the key');
        items.push({ key: name, labels: [], value: value(depth + 1), assigned: true });
      } while (takeIf(','));
      expect('}', 'a comma or } was expected');
    }
    return { kind: 'object', items, at: source.at(start), start, end: next };
  }

  function list(depth: number): HclValue {
    const start = next;
    open(depth);
    const items: HclValue[] = [];
    if (!takeIf(']')) {
      do items.push(value(depth + 1));
      while (takeIf(','));
      expect(']', 'a comma or ] was expected');
    }
    return { kind: 'list', items, at: source.at(start), start, end: next };
  }

  function open(depth: number): void {
    if (depth >= maxDepth) throw source.error(next, 'nested too deeply');
    next++;
  }

  skipBlank();
  const body = object(0);
  skipBlank();
  if (next < text.length) throw source.error(next, 'something follows the closing }');
  return body;
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

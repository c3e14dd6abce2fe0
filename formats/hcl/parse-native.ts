import { heredocText, numberValue, unquote } from './literals.ts';
import type { Token, TokenKind } from './scan.ts';
import type { HclItem, HclKey, HclList, HclObject, HclSource, HclValue } from './syntax.ts';

const described: Readonly<Record<TokenKind, string>> = {
  name: 'a name',
  string: 'a string',
  heredoc: 'a text block',
  number: 'a number',
  '{': '{',
  '}': '}',
  '[': '[',
  ']': ']',
  '=': '=',
  ':': ':',
  ',': 'a comma',
  end: 'the end of the text',
};

const maxLabels = 8;

/** Tokens of HCL1's own syntax to the tree. Recursion is bounded by `maxDepth`. Throws `HclError`. */
export function parseNative(source: HclSource, tokens: readonly Token[], maxDepth: number): HclObject {
  const end: Token = { kind: 'end', start: source.text.length, end: source.text.length };
  let next = 0;
  const peek = (): Token => tokens[next] ?? end;
  const take = (): Token => tokens[next++] ?? end;

  function items(closing: 'end' | '}', depth: number): HclItem[] {
    const found: HclItem[] = [];
    for (;;) {
      const { kind, start } = peek();
      if (kind === closing) return found;
      if (kind === 'end') throw source.error(start, 'a } is missing', 'Every { needs its }.');
      if (kind === ',' && found.length > 0) take();
      else found.push(item(depth));
    }
  }

  function item(depth: number): HclItem {
    const keys: HclKey[] = [];
    for (;;) {
      const token = take();
      const [first, ...labels] = keys;
      if (token.kind === 'name' || token.kind === 'string') {
        if (labels.length === maxLabels)
          throw source.error(token.start, 'too many labels', 'Is a { or = missing?');
        keys.push(key(token));
      } else if (first && token.kind === '{') {
        return { key: first, labels, value: object(token, depth), assigned: false };
      } else if (first && (token.kind === '=' || token.kind === ':')) {
        if (labels.length > 0)
          throw source.error(token.start, 'a block with labels takes no =', 'Remove the =.');
        return { key: first, labels, value: value(depth), assigned: true };
      } else {
        const wanted = first ? 'a value' : 'a key';
        throw source.error(
          token.start,
          `${wanted} was expected, not ${described[token.kind]}`,
          'Write key = value, or key { … }.',
        );
      }
    }
  }

  function key(token: Token): HclKey {
    const { start, end } = token;
    const text = token.kind === 'name' ? source.text.slice(start, end) : unquote(source, start, end);
    return { text, at: source.at(start), start, end };
  }

  function value(depth: number): HclValue {
    const token = take();
    const { start, end } = token;
    const at = source.at(start);
    switch (token.kind) {
      case 'string':
        return { kind: 'string', value: unquote(source, start, end), at, start, end };
      case 'heredoc':
        return { kind: 'string', value: heredocText(source, start, end), at, start, end };
      case 'number': {
        const text = source.text.slice(start, end);
        const number = numberValue(text);
        if (number === undefined) throw source.error(start, 'this number cannot be read');
        return { kind: 'number', value: number, text, at, start, end };
      }
      case 'name': {
        const word = source.text.slice(start, end);
        if (word === 'true' || word === 'false')
          return { kind: 'boolean', value: word === 'true', at, start, end };
        throw source.error(start, 'a value was expected, not a name', 'Put text in double quotes.');
      }
      case '{':
        return object(token, depth);
      case '[':
        return list(token, depth);
      default:
        throw source.error(start, `a value was expected, not ${described[token.kind]}`);
    }
  }

  function object(open: Token, depth: number): HclObject {
    checkDepth(open, depth);
    const found = items('}', depth + 1);
    return { kind: 'object', items: found, at: source.at(open.start), start: open.start, end: take().end };
  }

  function list(open: Token, depth: number): HclList {
    checkDepth(open, depth);
    const found: HclValue[] = [];
    while (peek().kind !== ']') {
      found.push(value(depth + 1));
      const after = peek();
      if (after.kind === ',') take();
      else if (after.kind !== ']') {
        const reason = `a comma or ] was expected in the list, not ${described[after.kind]}`;
        throw source.error(
          after.start,
          reason,
          'Separate the values of a list with commas and close it with ].',
        );
      }
    }
    return { kind: 'list', items: found, at: source.at(open.start), start: open.start, end: take().end };
  }

  function checkDepth(open: Token, depth: number): void {
    if (depth >= maxDepth) throw source.error(open.start, 'nested too deeply');
  }

  const found = items('end', 0);
  return { kind: 'object', items: found, at: source.at(0), start: 0, end: source.text.length };
}

const whitespace = /[ \t\n\r]*/y;
const stringBody = /[^"\\\u0000-\u001f]*/y;
const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const word = /true|false|null/y;

/**
 * Where and why a text that the runtime's parser refused is not JSON; used only to explain a refusal, so
 * that the runtime's own message, which quotes the text, never has to be shown. No recursion, linear time.
 */
export function locateProblem(text: string): { offset: number; reason: string } {
  const open: ('{' | '[')[] = [];
  let at = 0;
  let expected: 'value' | 'value or end' | 'key' | 'key or end' | 'comma or end' = 'value';
  const take = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };
  for (;;) {
    at = Math.max(at, take(whitespace));
    if (at >= text.length)
      return { offset: at, reason: open.length ? 'it ends too early' : endReason(expected) };
    const character = text[at] ?? '';
    const container = open.at(-1);
    if (expected === 'comma or end') {
      if (container === undefined) return { offset: at, reason: 'something follows the value' };
      if (character === (container === '{' ? '}' : ']')) open.pop();
      else if (character === ',') expected = container === '{' ? 'key' : 'value';
      else return { offset: at, reason: `a comma or ${container === '{' ? '}' : ']'} is missing` };
      at++;
      continue;
    }
    if (expected === 'key' || expected === 'key or end') {
      if (expected === 'key or end' && character === '}') {
        open.pop();
        expected = 'comma or end';
        at++;
        continue;
      }
      if (character !== '"') return { offset: at, reason: 'a key in double quotes is missing' };
      const problem = skipString();
      if (problem) return problem;
      at = Math.max(at, take(whitespace));
      if (text[at] !== ':') return { offset: at, reason: 'a colon is missing after the key' };
      at++;
      expected = 'value';
      continue;
    }
    const closesEmptyList = expected === 'value or end' && character === ']';
    expected = 'comma or end';
    if (closesEmptyList) {
      open.pop();
      at++;
    } else if (character === '{' || character === '[') {
      open.push(character);
      expected = character === '{' ? 'key or end' : 'value or end';
      at++;
    } else if (character === '"') {
      const problem = skipString();
      if (problem) return problem;
    } else {
      const end = Math.max(take(number), take(word));
      if (end <= at) return { offset: at, reason: 'a value is missing or misspelt' };
      at = end;
    }
  }

  function skipString(): { offset: number; reason: string } | undefined {
    const start = at;
    at++;
    for (;;) {
      at = Math.max(at, take(stringBody));
      if (at >= text.length) return { offset: start, reason: 'a string is not closed' };
      if (text[at] === '"') {
        at++;
        return undefined;
      }
      const end = text[at] === '\\' ? take(escapePattern) : -1;
      if (end === -1) {
        const reason = text[at] === '\\' ? 'an escape is not known' : 'a string holds a control character';
        return { offset: at, reason };
      }
      at = end;
    }
  }
}

function endReason(expected: string): string {
  return expected === 'comma or end' ? 'it cannot be read' : 'there is no value';
}

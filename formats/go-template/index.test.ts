import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseTemplate, TemplateError } from './index.ts';

const functions = {
  upper: (text: unknown) => String(text).toUpperCase(),
  join: (separator: unknown, ...parts: readonly unknown[]) => parts.join(String(separator)),
  fail: () => {
    throw new Error('no');
  },
  one: () => ({ Two: { Three: '3' } }),
};
const render = (source: string, data: unknown = { Name: 'n', Inner: { Deep: 'd' } }): string =>
  parseTemplate(source, functions).render(data);

describe('a Go template', () => {
  // Each as Go's text/template answers.
  const table: readonly (readonly [source: string, result: string])[] = [
    ['plain }} text', 'plain }} text'],
    ['{{.Name}}', 'n'],
    ['{{ .Inner.Deep | upper }}', 'D'],
    ['{{ printf "%s-%d-%5s|%-3s|%03d" .Name 7 "ab" "c" 5 }}', 'n-7-   ab|c  |005'],
    ['{{ printf "%s" 3 }}', '%!s(int=3)'],
    ['{{ printf "%d%%" }}', '%!d(MISSING)%'],
    ['{{ join "," (upper .Name) `x` "y\\n" }}', 'N,x,y\n'],
    ['{{ "z" | join "," "a" }}', 'a,z'],
    ['{{ (one).Two.Three }}', '3'],
    ['a {{- "b" -}} c', 'abc'],
    ['a {{/* no */}} b', 'a  b'],
    ['a {{- /* no */ -}} b', 'ab'],
    ['{{ true }} {{ -5 }} {{ 0x10 }}', 'true -5 16'],
    ['{{ len "äb" }}', '3'],
  ];
  for (const [source, result] of table) {
    it(`renders ${JSON.stringify(source)} as Go does`, () => assert.equal(render(source), result));
  }

  it('says what is wrong, and on which line', () => {
    const wrong = (source: string, message: RegExp, data?: unknown) =>
      assert.throws(
        () => render(source, data ?? {}),
        (error) => error instanceof TemplateError && message.test(error.message),
        source,
      );
    wrong('{{nofunc 3}}', /^template:1: function "nofunc" not defined$/);
    wrong('a\n\n{{ upper', /^template:3: unclosed action$/);
    wrong('{{ }}', /missing value/);
    wrong('{{ (upper "a" }}', /unclosed left paren/);
    wrong('{{ "a" ) }}', /unexpected/);
    wrong('{{ "a }}', /unterminated/);
    wrong('{{ .None }}', /can't evaluate field None/);
    wrong('{{ .constructor }}', /can't evaluate field constructor/);
    wrong('{{ fail }}', /error calling fail: no/);
    wrong('{{ if true }}x', /unexpected EOF/);
    wrong('a\n{{ end }}', /^template:2: unexpected {{end}}$/);
    wrong('{{ $x }}', /undefined variable "\$x"/);
    wrong('{{ break }}', /outside/);
    wrong('{{ range 2000000 }}{{ end }}', /too much/);
    wrong('{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}', /depth/);
    wrong('{{ "a" | "b" }}', /non executable/);
    wrong('{{ .Name "b" }}', /non-function/, { Name: 'n' });
  });

  it('never throws anything but TemplateError, whatever the text', () => {
    const part = fc.constantFrom(
      '{{',
      '}}',
      '{{-',
      ' -}}',
      '(',
      ')',
      '|',
      '.Name',
      'upper',
      '"',
      '`',
      '/*',
      '*/',
      ' ',
      '5',
      'if',
      'range',
      'else',
      'end',
      'define',
      'with',
      '$x',
      ':=',
      '=',
      ',',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 3 })), { maxLength: 20 }), (parts) => {
        try {
          render(parts.join(''));
        } catch (error) {
          assert.ok(error instanceof TemplateError, `${error}`);
        }
      }),
    );
  });
});

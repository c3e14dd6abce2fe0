import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTemplate, TemplateError } from '../../formats/go-template/index.ts';
import { dataFunctions } from './data-functions.ts';
import { sprigFunctions, textFunctions } from './text-functions.ts';

const functions = { ...sprigFunctions, ...textFunctions, ...dataFunctions({ HOME: '/home/x' }) };
const data = {
  list: ['b', 'a'],
  map: { k: 'v', n: 1, on: true, deep: { x: ['y'] }, word: 'yes' },
  text: 'a b',
};
const render = (source: string) => parseTemplate(source, functions, { missingKey: 'empty' }).render(data);

describe("functions of the agent's templates", () => {
  const table: readonly (readonly [source: string, result: string])[] = [
    ['{{ env "HOME" }}{{ env "NONE" }}{{ envOrDefault "NONE" "d" }}', '/home/xd'],
    [
      '{{ "hi" | base64Encode }} {{ "aGk=" | base64Decode }} {{ b64enc "hi" }} {{ b64dec "aGk=" }}',
      'aGk= hi aGk= hi',
    ],
    ['{{ toJSON .map }}', '{"deep":{"x":["y"]},"k":"v","n":1,"on":true,"word":"yes"}'],
    ['{{ .list | toJSONPretty }}', '[\n  "b",\n  "a"\n]'],
    ['{{ (parseJSON `{"a":{"b":12345678901234567890}}`).a.b }}', '12345678901234567890'],
    ['{{ toYAML .map }}', 'deep:\n  x:\n  - "y"\nk: v\n"n": 1\n"on": true\nword: "yes"'],
    ['{{ split " " .text | join "," }} {{ "a,b" | split "," | len }}', 'a,b 2'],
    ['{{ regexMatch "^a.b$" .text }} {{ .text | regexReplaceAll "(a) (b)" "${2}$1" }}', 'true ba'],
    [
      '{{ toLower "AB" }}{{ "ab" | toUpper }} {{ toTitle "an apple" }} {{ " x " | trimSpace }}',
      'abAB An Apple x',
    ],
    ['{{ "x\ny" | indent 2 }}|{{ "x" | nindent 2 }}'.replace('\n', '\\n'), '  x\n  y|\n  x'],
    ['{{ .none | default "d" }} {{ "" | default "d" }} {{ "v" | default "d" }}', 'd d v'],
    [
      '{{ "a\\"b" | quote }} {{ squote "a" }} {{ upper "a" }} {{ lower "A" }} {{ replace "a" "b" "aa" }}',
      '"a\\"b" \'a\' A a bb',
    ],
    [
      '{{ trim "xx" "xaxx" }} {{ trim " a " }} {{ trimPrefix "a" "ab" }} {{ trimSuffix "b" "ab" }}',
      'a a b a',
    ],
    ['{{ sprig }}'.replace('sprig', 'ternary "y" "n" true'), 'y'],
    ['{{ if contains "b" .list }}in{{ end }} {{ in .list "c" }}', 'in false'],
    ['{{ add 1 2 }} {{ 5 | subtract 2 }} {{ 7 | divide 2 }}', '3 3 3'],
    ['{{ (dict "a" 1 "b" 2).b }} {{ hasKey .map "k" }} {{ get .map "nope" }}.', '2 true .'],
  ];
  for (const [source, result] of table) {
    it(`makes what consul-template makes of ${JSON.stringify(source)}`, () =>
      assert.equal(render(source), result));
  }

  it('writes the time in UTC, by Go’s reference layout', () => {
    assert.match(render('{{ timestamp }}'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.match(render('{{ timestamp "2006-01-02" }} {{ timestamp "unix" }}'), /^\d{4}-\d\d-\d\d \d{10}$/);
  });

  it('repeats nothing of what it was given in an error', () => {
    for (const source of [
      '{{ parseJSON "canary" }}',
      '{{ parseInt "canary" }}',
      '{{ index "canary" "k" }}',
      '{{ join "," "canary" }}',
      '{{ regexMatch "(canary" "x" }}',
    ])
      assert.throws(
        () => render(source),
        (error: Error) => error instanceof TemplateError && !error.message.includes('canary'),
        source,
      );
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseJson } from '../json/index.ts';
import { parseTemplate, TemplateError } from './index.ts';

interface Answer {
  readonly source: string;
  readonly missingKey?: string;
  readonly result: string;
  readonly fails?: boolean;
}

const text = readFileSync(new URL('./go-results.json', import.meta.url), 'utf8');
const { answers }: { answers: readonly Answer[] } = JSON.parse(text);
const whole = parseJson(text);
const data: unknown = typeof whole === 'object' && whole !== null && 'data' in whole ? whole.data : undefined;

describe("a template does what Go's own does", () => {
  for (const { source, missingKey, result, fails } of answers) {
    const option = missingKey === 'error' ? 'error' : 'empty';
    it(`${fails ? 'refuses' : 'renders'} ${JSON.stringify(source)}${option === 'error' ? ' (missing keys are errors)' : ''}`, () => {
      const render = () => parseTemplate(source, {}, { missingKey: option }).render(data);
      if (fails) assert.throws(render, TemplateError);
      else assert.equal(render(), result);
    });
  }
});

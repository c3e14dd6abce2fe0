import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exampleFiles } from '../../tools/http-examples/example-files.ts';
import { differences } from '../../tools/http-examples/mask-answer.ts';
import { renderExamples } from '../../tools/http-examples/parse-examples.ts';
import { recordExamples, runExamples } from '../../tools/http-examples/run-examples.ts';
import { projectFolder } from '../../tools/source-files.ts';

const found = await exampleFiles();
const only = process.env['EXAMPLES'] ?? '';

describe('the examples of the HTTP reference', () => {
  for (const { path, file } of found.filter((one) => one.path.includes(only))) {
    test(`${path} is answered as it says`, async () => {
      if (process.env['WRITE_EXAMPLES']) {
        writeFileSync(join(projectFolder, path), renderExamples(file, await recordExamples(file)));
        return;
      }
      const answers = await runExamples(file);
      const wrong = file.examples.flatMap(({ title, isSetup, method, target, status, answer }, index) => {
        const got = answers[index];
        const name = `${title} (${method} ${target})`;
        if (status === undefined) return [`${name}: no answer is recorded`];
        if (got?.status !== status) return [`${name}: ${got?.status} ${JSON.stringify(got?.body)}`];
        if (isSetup) return [];
        const recorded: unknown = answer === '' || answer === undefined ? undefined : JSON.parse(answer);
        return differences(recorded, got.body).map((difference) => `${name}: ${difference}`);
      });
      assert.deepEqual(wrong, [], 'record them with WRITE_EXAMPLES=1, and look at what changes');
    });
  }

  test('are all requests that succeed, but for those that say in their title what is refused', () => {
    const wrong = found.flatMap(({ path, file }) =>
      file.examples
        .filter(({ title, status = 0 }) => status >= 400 && !title.includes('refused'))
        .map(({ title, status }) => `${path}: ${title}: ${status}`),
    );
    assert.deepEqual(wrong, []);
  });
});

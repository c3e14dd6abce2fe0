import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { renderStep, runTranscript } from './run-transcript.ts';

const folder = new URL('./transcripts/', import.meta.url);

for (const name of fs.readdirSync(folder).filter((one) => one.endsWith('.txt'))) {
  test(`the commands of transcripts/${name} print what it says`, { timeout: 120_000 }, async () => {
    const problems: string[] = [];
    await runTranscript(fs.readFileSync(new URL(name, folder), 'utf8'), (outcome) => {
      if (outcome.difference !== undefined)
        problems.push(`${name}, line ${outcome.step.line}: ${outcome.difference}\n${renderStep(outcome)}`);
    });
    assert.equal(problems.length, 0, problems.slice(0, 5).join('\n'));
  });
}

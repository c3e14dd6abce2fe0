import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  isCovered,
  isStillMissing,
  knownMissing,
  referenceFolder,
  renderReference,
} from './generate-http-reference.ts';

const { files, missing, mounts } = await renderReference();

describe('the reference of the HTTP API', () => {
  it('says what the declarations and the examples say', () => {
    assert.deepEqual(readdirSync(referenceFolder).sort(), [...files.keys()].sort(), 'run: npm run docs');
    for (const [name, text] of files)
      assert.equal(readFileSync(join(referenceFolder, name), 'utf8'), text, `${name}: run npm run docs`);
  });

  it('has an example for every operation, but for a list that only gets shorter', () => {
    const known = knownMissing();
    const without = missing.filter((name) => !known.some((entry) => isCovered(name, entry)));
    assert.deepEqual(without, [], 'give them one in the examples.http of their room');
    const done = known.filter((entry) => !isStillMissing(entry, { missing, mounts }));
    assert.deepEqual(done, [], 'these have examples now: run npm run docs');
  });
});

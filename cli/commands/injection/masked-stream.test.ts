import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MaskedStream } from './masked-stream.ts';

async function through(values: readonly string[], chunks: readonly Buffer[]): Promise<string> {
  const stream = new MaskedStream(values);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  const out: Buffer[] = [];
  for await (const chunk of stream) out.push(chunk);
  return Buffer.concat(out).toString();
}

test('a value is hidden wherever the output was cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 60 }), { maxLength: 6 }), async (cuts) => {
      const text = Buffer.from('key sk-secret-1 and sk-secret-1sk-secret-12, almost sk-secret-');
      const at = [0, ...cuts.sort((a, b) => a - b), text.length];
      const chunks = at.slice(1).map((end, index) => text.subarray(at[index], end));
      const shown = await through(['sk-secret-1', 'sk-secret-12'], chunks);
      assert.equal(shown, 'key [redacted] and [redacted][redacted], almost sk-secret-');
    }),
  );
});

test('each line of a value is hidden by itself, and what is too short to hide is not', async () => {
  const key = '-----BEGIN KEY-----\nMIIabc\nab\n-----END KEY-----';
  const shown = await through([key, 'no'], [Buffer.from('MIIabc, ab and no')]);
  assert.equal(shown, '[redacted], ab and no');
});

test('output that has no value comes through as it is, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), async (parts) => {
      const chunks = parts.map((part) => Buffer.from(part));
      const stream = new MaskedStream(['never in there at all']);
      for (const chunk of chunks) stream.write(chunk);
      stream.end();
      const out: Buffer[] = [];
      for await (const chunk of stream) out.push(chunk);
      assert.deepEqual(Buffer.concat(out), Buffer.concat(chunks));
    }),
  );
});

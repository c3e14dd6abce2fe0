import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { decodeQR } from 'qr/decode.js';
import { largestQrPixels, qrCodePng } from './index.ts';

const url =
  'otpauth://totp/Acme:me@example.com?algorithm=SHA1&digits=6&issuer=Acme&period=30&secret=2YSG45GQ6ACN4VWAJBSVUOR3HA6UJD3W';

/** Reads a PNG back to RGBA by the letter of its specification, checking each chunk. */
function pixelsOf(png: Uint8Array): { width: number; height: number; data: Uint8Array } {
  const bytes = Buffer.from(png);
  assert.equal(bytes.subarray(0, 8).toString('hex'), '89504e470d0a1a0a');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    assert.equal(bytes.readUInt32BE(at + 8 + length), crc32(body));
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += 12 + length;
  }
  assert.deepEqual([...chunks.keys()], ['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR');
  const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
  assert.ok(header);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  assert.equal(header.subarray(8).toString('hex'), '0100000000');
  const data = new Uint8Array(width * height * 4).fill(255);
  const rowBytes = Math.ceil(width / 8) + 1;
  assert.equal(rows.length, rowBytes * height);
  for (let y = 0; y < height; y++) {
    assert.equal(rows[y * rowBytes], 0);
    for (let x = 0; x < width; x++) {
      const isWhite = ((rows[y * rowBytes + 1 + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1;
      data.fill(isWhite ? 255 : 0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return { width, height, data };
}

describe('a QR code as PNG', () => {
  test('is read by a decoder, at sizes that divide by its modules and at sizes that do not', async () => {
    for (const pixels of [200, 257, 636]) {
      const image = pixelsOf((await qrCodePng(url, pixels)) ?? new Uint8Array());
      assert.deepEqual([image.width, image.height], [pixels, pixels]);
      assert.equal(decodeQR(image, { timeLimit: 5000 }), url);
    }
  });

  test('is never smaller than its modules, nor larger than anybody needs', async () => {
    assert.equal(pixelsOf((await qrCodePng(url, 1)) ?? new Uint8Array()).width, 53);
    const large = pixelsOf((await qrCodePng('x', 1_000_000_000)) ?? new Uint8Array());
    assert.equal(large.width, largestQrPixels);
  });

  test('holds names outside ASCII, and long keys, and refuses what no code holds', async () => {
    const text = `otpauth://totp/Čeština:☂?secret=${'A'.repeat(200)}`;
    assert.equal(
      decodeQR(pixelsOf((await qrCodePng(text, 800)) ?? new Uint8Array()), { timeLimit: 5000 }),
      text,
    );
    assert.ok(await qrCodePng('x'.repeat(2900), 200));
    assert.equal(await qrCodePng('x'.repeat(2901), 200), undefined);
  });
});

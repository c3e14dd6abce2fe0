import { crc32, deflateSync } from 'node:zlib';

/** Beyond this nobody scans, and memory would be the caller's to spend. */
export const largestQrPixels = 2000;
/** ISO/IEC 18004: what a code of the lowest error correction holds. */
const mostBytes = 2900;
/** The light frame that ISO/IEC 18004 asks for, in modules. */
const border = 4;

/**
 * A QR code of `text` as a PNG: black on white, as wide and high as asked, or as its modules need when that is more.
 * Undefined for a text that is too long for one. The encoder is loaded on first use.
 */
export async function qrCodePng(text: string, pixels: number): Promise<Uint8Array | undefined> {
  const { encodeQR } = await import('qr');
  const bytes = Buffer.byteLength(text);
  if (bytes > mostBytes) return undefined;
  const modules = encodeQR(text, 'raw', { ecc: bytes > 2000 ? 'low' : 'medium', border });
  return pngOf(modules, Math.max(modules.length, Math.min(pixels, largestQrPixels)));
}

/** One bit a pixel. The modules are centred, each drawn as a square of whole pixels. */
function pngOf(modules: readonly (readonly boolean[])[], size: number): Uint8Array {
  const scale = Math.floor(size / modules.length);
  const margin = Math.floor((size - scale * modules.length) / 2);
  const rowBytes = Math.ceil(size / 8);
  const rows = Buffer.alloc(size * (rowBytes + 1), 0xff);
  for (let y = 0; y < size; y++) {
    const start = y * (rowBytes + 1);
    rows[start] = 0; // no filter
    const row = modules[Math.floor((y - margin) / scale)];
    if (!row) continue;
    for (const [index, isDark] of row.entries()) {
      if (isDark) darken(rows, start + 1, margin + index * scale, scale);
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header[8] = 1; // bits a pixel; the colour type after it is grey, the rest as PNG knows it
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function darken(rows: Buffer, start: number, from: number, count: number): void {
  for (let x = from; x < from + count; x++) {
    const at = start + (x >> 3);
    rows[at] = (rows[at] ?? 0) & ~(0x80 >> (x & 7));
  }
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

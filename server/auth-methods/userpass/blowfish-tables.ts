/** Words of Blowfish's key schedule: 18 subkeys, then four boxes of 256. */
export const subkeyCount = 18;
export const boxWords = 1024;

/**
 * What Blowfish begins with: the first binary digits of the fraction of π, 32 bits a word. Computed by Machin's
 * formula (π/4 = 4·arctan(1/5) − arctan(1/239)), which takes some milliseconds.
 */
export function fractionOfPi(): Int32Array {
  const words = subkeyCount + boxWords;
  // Each term that is cut off adds less than one unit, and there are fewer than 2^14 of them.
  const guardBits = 64n;
  const bits = BigInt(words * 32) + guardBits;
  const one = 1n << bits;
  const pi = 4n * (4n * inverseTangent(5n, one) - inverseTangent(239n, one));
  const digits = (pi - 3n * one) >> guardBits;
  const hex = digits.toString(16).padStart(words * 8, '0');
  return Int32Array.from(
    { length: words },
    (_, at) => Number.parseInt(hex.slice(at * 8, at * 8 + 8), 16) | 0,
  );
}

/** arctan(1/x) in units of `one`. */
function inverseTangent(x: bigint, one: bigint): bigint {
  const square = x * x;
  let power = one / x;
  let sum = power;
  for (let divisor = 3n, sign = -1n; power > 0n; divisor += 2n, sign = -sign) {
    power /= square;
    sum += (sign * power) / divisor;
  }
  return sum;
}

import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const iterations = 4096;
const derive = promisify(pbkdf2);

/**
 * What PostgreSQL stores for a password (RFC 5803 in its own spelling), so that the password itself never travels:
 * `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.
 */
export async function scramVerifier(password: string, salt: Uint8Array = randomBytes(16)): Promise<string> {
  // RFC 4013 for what a policy can generate; PostgreSQL does the same when it hashes.
  const salted = await derive(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const hmac = (text: string): Buffer => createHmac('sha256', salted).update(text).digest();
  const storedKey = createHash('sha256').update(hmac('Client Key')).digest('base64');
  const serverKey = hmac('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`;
}

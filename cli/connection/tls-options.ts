import fs from 'node:fs';
import { join } from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { Failure, reasonOf } from '../failure.ts';
import type { TlsSettings } from '../settings.ts';

/** TLS 1.2 at least; certificates are checked unless the user said otherwise. Throws `Failure` for unreadable files. */
export function tlsOptions(settings: TlsSettings): SecureContextOptions & {
  rejectUnauthorized: boolean;
  servername?: string;
} {
  const authorities = [
    ...(settings.caFile === undefined ? [] : [read(settings.caFile, 'CA File')]),
    ...(settings.caFile === undefined && settings.caFolder !== undefined
      ? readFolder(settings.caFolder)
      : []),
  ];
  return {
    minVersion: 'TLSv1.2',
    rejectUnauthorized: !settings.skipVerify,
    ...(authorities.length === 0 ? {} : { ca: authorities }),
    ...(settings.certificateFile === undefined
      ? {}
      : { cert: read(settings.certificateFile, 'client certificate') }),
    ...(settings.keyFile === undefined ? {} : { key: read(settings.keyFile, 'client key') }),
    ...(settings.serverName === undefined ? {} : { servername: settings.serverName }),
  };
}

function read(path: string, what: string): Buffer {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    throw new Failure(
      1,
      `failed to setup TLS config: Error loading ${what}: open ${path}: ${reasonOf(error)}`,
    );
  }
}

function readFolder(folder: string): Buffer[] {
  try {
    return fs
      .readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => fs.readFileSync(join(folder, entry.name)));
  } catch (error) {
    throw new Failure(1, `failed to setup TLS config: Error loading CA Path: ${folder}: ${reasonOf(error)}`);
  }
}

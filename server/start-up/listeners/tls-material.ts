import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import type { TlsConfiguration } from '../configuration/configuration.ts';
import { ListenerError } from './listener-error.ts';

/** The suites of TLS 1.3; a list of suites must name them or they are gone. */
const tls13Suites = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];
/** Forward secrecy and authenticated encryption only. */
const defaultSuites = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

export interface TlsMaterial {
  readonly options: TlsOptions;
  /** The end of the leaf certificate's time, milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** Reads certificate, key and authorities, and checks that they fit. Throws `ListenerError` naming the file. */
export function readTlsMaterial(tls: TlsConfiguration): TlsMaterial {
  const certificate = readPem(tls.certificateFile, 'tls_cert_file');
  const key = readPem(tls.keyFile, 'tls_key_file');
  const leaf = parsed(
    'tls_cert_file',
    tls.certificateFile,
    'holds no certificate in PEM',
    () => new X509Certificate(certificate),
  );
  const privateKey = parsed(
    'tls_key_file',
    tls.keyFile,
    'holds no private key in PEM that can be read without a password',
    () => createPrivateKey(key),
  );
  if (!leaf.checkPrivateKey(privateKey)) {
    throw new ListenerError(
      `the key in ${tls.keyFile} does not belong to the certificate in ${tls.certificateFile}`,
      'The first certificate of the file must be the one of the server, those of authorities come after it.',
    );
  }
  const authorities =
    tls.clientCaFile === undefined ? undefined : readPem(tls.clientCaFile, 'tls_client_ca_file');
  if (authorities !== undefined && tls.clientCaFile !== undefined) {
    parsed(
      'tls_client_ca_file',
      tls.clientCaFile,
      'holds no certificate in PEM',
      () => new X509Certificate(authorities),
    );
  }
  const suites = tls.cipherSuites.length === 0 ? defaultSuites : tls.cipherSuites;
  return {
    expiresAtMs: leaf.validToDate.getTime(),
    options: {
      cert: certificate,
      key,
      ...(authorities === undefined ? {} : { ca: authorities }),
      minVersion: tls.minVersion,
      maxVersion: tls.maxVersion,
      ciphers: [...tls13Suites, ...suites.filter((suite) => !tls13Suites.includes(suite))].join(':'),
      honorCipherOrder: true,
      requestCert: tls.clientCertificates !== 'none',
      rejectUnauthorized: tls.clientCertificates === 'require',
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: 10_000,
    },
  };
}

function readPem(file: string, key: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : `cannot be read (${code})`;
    throw new ListenerError(`${file} ${reason}`, `It is named by ${key} of a listener.`);
  }
}

/** What the parser says is left out: it may quote a key. */
function parsed<T>(key: string, file: string, reason: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new ListenerError(`${file} ${reason}`, `It is named by ${key} of a listener.`);
  }
}

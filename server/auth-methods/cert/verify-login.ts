import type { Clock } from '../../contracts/clock.ts';
import { invalidRequest } from '../../contracts/errors.ts';
import type { Records, Stored } from '../../contracts/records.ts';
import { type NamedRecords, recordName } from '../named-records.ts';
import { type CertificateFacts, certificatesIn, factsOf } from './certificate.ts';
import { trustedChain } from './chain.ts';
import { meetsRole } from './constraints.ts';
import { type CrlRecord, isRevoked } from './revocation-lists.ts';
import type { RoleRecord } from './role-record.ts';

export interface CertServices {
  readonly records: Records;
  readonly roles: NamedRecords<RoleRecord>;
  readonly lists: NamedRecords<CrlRecord>;
  readonly clock: Clock;
}

export interface VerifiedLogin {
  readonly role: RoleRecord;
  readonly leaf: CertificateFacts;
}

const untrusted = 'invalid certificate or no client certificate supplied';
const unmet = 'no chain matching all constraints could be found for this login certificate';
const pageSize = 100;

/**
 * The role that trusts the certificate of a connection and whose limits it keeps: the one named, else the first by name.
 * TLS has proved that the client holds its key. Throws 'invalid-request'.
 */
export async function verifyLogin(
  services: CertServices,
  certificates: readonly Uint8Array[],
  roleName: string,
): Promise<VerifiedLogin> {
  const all = await Promise.all(certificates.slice(0, 10).map(factsOf));
  const [leaf, ...offered] = all;
  if (!leaf) throw invalidRequest('no client certificate found');
  const between = offered.filter((each) => each !== undefined);
  let isTrusted = false;
  for await (const stored of rolesToTry(services.roles, roleName)) {
    const chain = trustedChain(leaf, between, await trustedBy(stored), services.clock.now());
    if (!chain) continue;
    isTrusted = true;
    if (!meetsRole(stored.value, leaf) || (await isRevoked(services.lists, chain))) continue;
    return { role: stored.value, leaf };
  }
  throw invalidRequest(isTrusted ? unmet : untrusted);
}

async function* rolesToTry(
  roles: NamedRecords<RoleRecord>,
  name: string,
): AsyncGenerator<Stored<RoleRecord>> {
  if (name !== '') {
    const role = recordName(name) === undefined ? undefined : await roles.find(name);
    if (role) yield role;
    return;
  }
  let after: string | undefined;
  for (;;) {
    const names = await roles.list({ limit: pageSize, ...(after === undefined ? {} : { after }) });
    for (const each of names) {
      const role = await roles.find(each);
      if (role) yield role;
    }
    after = names.at(-1);
    if (names.length < pageSize) return;
  }
}

/** Parsed once, and kept with the cached record. */
async function trustedBy(stored: Stored<RoleRecord>): Promise<readonly CertificateFacts[]> {
  if (Array.isArray(stored.memo)) return stored.memo;
  const trusted = (await certificatesIn(stored.value.certificate)) ?? [];
  stored.memo = trusted;
  return trusted;
}

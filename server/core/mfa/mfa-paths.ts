import type { Call, PathDeclaration } from '../../contracts/paths.ts';
import type { Records } from '../../contracts/records.ts';
import type { MountTable } from '../mounts/mount-table.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import { Subjects } from './enforced-subject.ts';
import { enforcementPaths } from './enforcement-paths.ts';
import { methodPaths } from './method-paths.ts';
import type { MfaConfigs } from './mfa-configs.ts';
import { totpSecretPaths } from './totp-secret-paths.ts';
import type { TotpSecrets } from './totp-secrets.ts';

type Where = Call<object>['namespace'];

/** What the paths of login MFA have in common. */
export interface MfaPathOptions {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly mountTable: (namespace: Where) => Promise<MountTable>;
  readonly namespaceById: (id: string) => Promise<Namespace | undefined>;
  readonly configs: MfaConfigs;
  readonly secrets: TotpSecrets;
  readonly subjects: Subjects;
}

/** `identity/mfa/…`, relative to the identity mount. */
export function mfaPaths(options: Omit<MfaPathOptions, 'subjects'>): PathDeclaration[] {
  const all = { ...options, subjects: new Subjects(options.recordsOf) };
  return [...methodPaths(all), ...totpSecretPaths(all), ...enforcementPaths(all)];
}

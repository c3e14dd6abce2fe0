export { credentialsOfHeaders } from './credentials.ts';
export { LoginMfa } from './login-mfa.ts';
export { MfaConfigs } from './mfa-configs.ts';
export { mfaPaths } from './mfa-paths.ts';
export type { MfaRequirement } from './requirement.ts';
export { TotpSecrets } from './totp-secrets.ts';
export { mfaValidatePath } from './validate-path.ts';

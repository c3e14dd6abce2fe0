import type { Clock } from '../../contracts/clock.ts';
import { CofferError, invalidRequest } from '../../contracts/errors.ts';
import type { Records } from '../../contracts/records.ts';
import type { AuthGrant } from '../../contracts/request.ts';
import type { IssuedToken } from '../../contracts/token-service.ts';
import type { Mount } from '../mounts/mount.ts';
import type { Namespace } from '../namespaces/namespaces.ts';
import type { MfaCredentials } from './credentials.ts';
import { isTargeted, type Subject, Subjects } from './enforced-subject.ts';
import type { Inherited, MfaConfigs } from './mfa-configs.ts';
import type { EnforcementRecord, MethodRecord } from './mfa-record.ts';
import { type PendingLogin, PendingLogins } from './pending-logins.ts';
import { ProofOfFactors } from './proof-of-factors.ts';
import type { MfaChoice, MfaRequirement } from './requirement.ts';
import type { TotpSecrets } from './totp-secrets.ts';

export interface LoginMfaOptions {
  readonly recordsOf: (namespaceId: string, prefix: string) => Records;
  readonly clock: Clock;
  readonly configs: MfaConfigs;
  readonly secrets: TotpSecrets;
  /** The id of the entity behind a login, made when it is its first; undefined for a login that names nobody. */
  readonly enter: (grant: AuthGrant, mount: Mount, namespace: Namespace) => Promise<string | undefined>;
  readonly mountByUuid: (namespace: Namespace, uuid: string) => Promise<Mount | undefined>;
  readonly issue: (
    grant: AuthGrant,
    mount: Mount,
    namespace: Namespace,
    path: string,
  ) => Promise<IssuedToken>;
}

/** A login whose first factor is right. */
export interface FirstFactor {
  readonly grant: AuthGrant;
  readonly mount: Mount;
  readonly namespace: Namespace;
  readonly path: string;
  readonly wrapTtlSeconds: number;
}

/** Which logins need a second factor, and whether they have it. In doubt a login has no token. */
export class LoginMfa {
  readonly #options: LoginMfaOptions;
  readonly #subjects: Subjects;
  readonly #pending: PendingLogins;

  constructor(options: LoginMfaOptions) {
    this.#options = options;
    this.#subjects = new Subjects(options.recordsOf);
    this.#pending = new PendingLogins(options.recordsOf, options.clock);
  }

  /**
   * Undefined when the login may have its token now: nothing is enforced, or the credentials are right. Else what is
   * missing; the login waits for it. Throws 'permission-denied' for wrong credentials, and where nobody could give right ones.
   */
  async ask(
    login: FirstFactor,
    credentials: MfaCredentials | undefined,
  ): Promise<MfaRequirement | undefined> {
    const { subject, enforced } = await this.#enforcedOn(login);
    if (enforced.length === 0) return undefined;
    const methods = await this.#options.configs.methods(login.namespace);
    const constraints = constraintsOf(enforced, methods);
    if (!subject) throw refused('it needs an entity, and this login names nobody');
    if (credentials) {
      await this.#prove(login.namespace, subject, enforced, methods, credentials);
      return undefined;
    }
    const { grant, mount, namespace, path, wrapTtlSeconds } = login;
    const mountUuid = mount.entry.uuid;
    const requestId = await this.#pending.add(namespace.id, { grant, mountUuid, path, wrapTtlSeconds });
    return { requestId, constraints };
  }

  /**
   * The token of a login that waited, made once. What is enforced, who it is about and whether they may log in is
   * looked at anew. Throws 'invalid-request' for a login that does not wait here, 'permission-denied' for wrong credentials.
   */
  async finish(
    namespace: Namespace,
    requestId: string,
    credentials: MfaCredentials,
  ): Promise<{ readonly issued: IssuedToken; readonly wrapTtlSeconds: number }> {
    const stored = await this.#pending.find(namespace.id, requestId);
    const mount = stored && (await this.#options.mountByUuid(namespace, stored.value.mountUuid));
    if (!stored || !mount || mount.entry.tainted) throw unknownRequest();
    const pending: PendingLogin = stored.value;
    const login = { ...pending, mount, namespace };
    const { subject, enforced } = await this.#enforcedOn(login);
    // Whoever lifted the enforcement meanwhile did not mean to let this one in half checked.
    if (enforced.length === 0 || !subject) throw refused('what it has to satisfy has changed; log in again');
    const methods = await this.#options.configs.methods(namespace);
    await this.#prove(namespace, subject, enforced, methods, credentials);
    if (!(await this.#pending.take(namespace.id, requestId, stored))) throw unknownRequest();
    const issued = await this.#options.issue(pending.grant, mount, namespace, pending.path);
    return { issued, wrapTtlSeconds: pending.wrapTtlSeconds };
  }

  /** The entity behind a login is only looked for where something is enforced. */
  async #enforcedOn({ grant, mount, namespace }: Pick<FirstFactor, 'grant' | 'mount' | 'namespace'>) {
    const all = await this.#options.configs.enforcements(namespace);
    if (all.length === 0) return { subject: undefined, enforced: [] };
    const entityId = await this.#options.enter(grant, mount, namespace);
    const subject = entityId === undefined ? undefined : await this.#subjects.of(namespace.id, entityId);
    // It was there a moment ago: whoever took it away took its logins too.
    if (entityId !== undefined && !subject) throw new CofferError('permission-denied');
    return { subject, enforced: all.filter(({ value }) => isTargeted(value, mount.entry, subject)) };
  }

  async #prove(
    namespace: Namespace,
    subject: Subject,
    enforced: readonly Inherited<EnforcementRecord>[],
    methods: readonly Inherited<MethodRecord>[],
    credentials: MfaCredentials,
  ): Promise<void> {
    const proof = new ProofOfFactors(methods, credentials, (method, passcode) =>
      this.#options.secrets.prove(namespace.id, subject.entity, method, passcode),
    );
    for (const { value } of enforced) {
      const problem = await proof.of(value);
      if (problem !== undefined) throw new CofferError('permission-denied', problem);
    }
  }
}

/**
 * What can be chosen from. Throws 'permission-denied' when an enforcement has nothing to choose from that this server
 * can check: its methods are gone, or need another service.
 */
function constraintsOf(
  enforced: readonly Inherited<EnforcementRecord>[],
  methods: readonly Inherited<MethodRecord>[],
): ReadonlyMap<string, readonly MfaChoice[]> {
  const constraints = new Map<string, readonly MfaChoice[]>();
  for (const { namespace, value: enforcement } of enforced) {
    const named = methods.filter(({ value }) => enforcement.mfaMethodIds.includes(value.id));
    const choices = named.flatMap(({ namespace: at, value }): MfaChoice[] =>
      value.type === 'totp'
        ? [
            {
              type: value.type,
              id: value.id,
              name: `${value.name && at.path}${value.name}`,
              usesPasscode: true,
            },
          ]
        : [],
    );
    if (choices.length === 0) throw refused(unusable(enforcement, named));
    const { name } = enforcement;
    constraints.set(constraints.has(name) ? `${namespace.path}${name}` : name, choices);
  }
  return constraints;
}

function unusable({ name }: EnforcementRecord, named: readonly Inherited<MethodRecord>[]): string {
  const types = [...new Set(named.map(({ value }) => value.type))].join(', ');
  return types === ''
    ? `the methods of enforcement ${JSON.stringify(name)} are not there any more`
    : `enforcement ${JSON.stringify(name)} asks for ${types}, which this server keeps and cannot check; use totp`;
}

function refused(reason: string): CofferError {
  return new CofferError('permission-denied', `the login needs a second factor: ${reason}`);
}

function unknownRequest(): CofferError {
  return invalidRequest('invalid request ID');
}

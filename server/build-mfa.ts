import type { Clock } from './contracts/clock.ts';
import type { PathDeclaration } from './contracts/paths.ts';
import type { EventBus } from './core/events/event-bus.ts';
import { LoginMfa, MfaConfigs, mfaPaths, mfaValidatePath, TotpSecrets } from './core/mfa/index.ts';
import type { Mounts } from './core/mounts/mounts.ts';
import type { Namespaces } from './core/namespaces/namespaces.ts';
import type { RecordsOf } from './core/tokens/system-change.ts';
import type { TokenIdentity } from './core/tokens/token-identity.ts';
import type { Tokens } from './core/tokens/tokens.ts';

export interface MfaRooms {
  readonly recordsOf: RecordsOf;
  readonly clock: Clock;
  readonly namespaces: Namespaces;
  readonly mounts: () => Mounts;
  readonly tokens: Tokens;
  readonly tokenIdentity: TokenIdentity;
  readonly events: EventBus;
}

export interface BuiltMfa {
  /** For the step of the pipeline. */
  readonly login: LoginMfa;
  /** Of the `identity/` mounts. */
  readonly identityPaths: readonly PathDeclaration[];
  /** Of the `sys/` mounts. */
  readonly systemPaths: readonly PathDeclaration[];
}

/** Second factors of logins. */
export function buildMfa({
  recordsOf,
  clock,
  namespaces,
  mounts,
  tokens,
  tokenIdentity,
  events,
}: MfaRooms): BuiltMfa {
  const configs = new MfaConfigs(recordsOf, namespaces);
  const secrets = new TotpSecrets(recordsOf, clock);
  const namespaceById = (id: string) => namespaces.byId(id);
  const login = new LoginMfa({
    recordsOf,
    clock,
    configs,
    secrets,
    enter: (grant, mount, namespace) => tokenIdentity.enter(grant, mount, namespace),
    mountByUuid: async (namespace, uuid) => (await mounts().table(namespace)).byUuid(uuid),
    async issue(grant, mount, namespace, path) {
      const issued = await tokens.login(grant, mount, namespace, path);
      events.login(namespace, mount.info, path, issued);
      return issued;
    },
  });
  const mountTable = (namespace: { readonly id: string; readonly path: string }) => mounts().table(namespace);
  return {
    login,
    identityPaths: mfaPaths({ recordsOf, mountTable, namespaceById, configs, secrets }),
    systemPaths: [mfaValidatePath(login, namespaceById)],
  };
}

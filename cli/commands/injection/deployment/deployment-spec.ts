/** What a deployment asks for, parsed: names of secrets and where their values go. Holds no value of a secret. */
export interface DeploymentSpec {
  /** In the order in which they count: the last one of a name wins. */
  readonly variables: readonly VariableSource[];
  readonly mounts: readonly SecretMount[];
  readonly command: readonly CommandWord[];
  /** What it asks for that is no secret, and so is not there. */
  readonly passedOver: readonly string[];
}

interface Placed {
  /** File, line and keys, to begin a message with. */
  readonly place: string;
}

export interface SecretReference extends Placed {
  readonly secret: string;
  readonly optional: boolean;
}

export type VariableSource =
  | ({ readonly kind: 'value'; readonly name: string; readonly text: string } & Placed)
  /** Without a key, the whole value. */
  | ({ readonly kind: 'key'; readonly name: string; readonly key: string | undefined } & SecretReference)
  | ({ readonly kind: 'every-key'; readonly prefix: string } & SecretReference);

export interface CommandWord extends Placed {
  readonly text: string;
}

/** Path elements, none of which is empty, `.`, or begins with `..`. */
export type SafePath = readonly string[];

export interface VolumeItem extends Placed {
  readonly key: string;
  readonly path: SafePath;
  readonly mode: number | undefined;
}

export interface SecretVolume extends SecretReference {
  /** Undefined: every key, as a file of that name. */
  readonly items: readonly VolumeItem[] | undefined;
  readonly defaultMode: number | undefined;
}

export interface SecretMount extends Placed {
  readonly volume: SecretVolume;
  readonly at: SafePath;
  readonly subPath: SafePath | undefined;
}

/** Every secret that is named, once. */
export function secretsOf(spec: DeploymentSpec): string[] {
  const named = spec.variables.flatMap((variable) => (variable.kind === 'value' ? [] : [variable.secret]));
  return [...new Set([...named, ...spec.mounts.map(({ volume }) => volume.secret)])].sort();
}

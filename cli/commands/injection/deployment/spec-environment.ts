import { Failure } from '../../../failure.ts';
import { changesHowProgramsRun } from '../environment.ts';
import type { DeploymentSpec } from './deployment-spec.ts';
import { keysOf, type SpecSecrets, textAt } from './spec-secrets.ts';

/** The variables of a deployment, and which of them hold something of a secret. */
export class SpecEnvironment {
  readonly variables: ReadonlyMap<string, string>;
  /** Keys of `envFrom` that cannot be the name of a variable. */
  readonly passedOver: readonly string[];
  readonly #secret: ReadonlySet<string>;

  private constructor(
    variables: ReadonlyMap<string, string>,
    secret: ReadonlySet<string>,
    passedOver: readonly string[],
  ) {
    this.variables = variables;
    this.#secret = secret;
    this.passedOver = passedOver;
  }

  /** `mounts` is what `$(COFFER_MOUNTS)` stands for. Throws `Failure` for a key that is not there and not optional. */
  static of(spec: DeploymentSpec, secrets: SpecSecrets, mounts: string | undefined): SpecEnvironment {
    const variables = new Map<string, string>(mounts === undefined ? [] : [['COFFER_MOUNTS', mounts]]);
    const secret = new Set<string>();
    const passedOver: string[] = [];
    const set = (name: string, text: string, place: string) => {
      if (text.includes('\0'))
        throw new Failure(1, `${place}: its value holds a NUL, which no environment can`);
      variables.set(name, text);
    };
    for (const one of spec.variables) {
      if (one.kind === 'value') {
        const { text, used } = expanded(one.text, variables);
        set(one.name, text, one.place);
        if (used.some((name) => secret.has(name))) secret.add(one.name);
        else secret.delete(one.name);
        continue;
      }
      const found = secrets.find(one.secret);
      if (found === undefined) continue;
      if (one.kind === 'key') {
        const text = one.key === undefined ? found.text : textAt(found, one.key);
        if (text !== undefined) {
          set(one.name, text, one.place);
          secret.add(one.name);
        } else if (!one.optional) throw noSuchKey(one.place, one.secret, one.key ?? '', keysOf(found));
        continue;
      }
      for (const key of keysOf(found)) {
        const name = one.prefix + key;
        // Whoever writes the secret names these, and not whoever wrote the deployment.
        if (changesHowProgramsRun(name))
          throw new Failure(
            1,
            `${one.place}: a key of ${one.secret} would set ${name}, which changes how programs run`,
          );
        if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name))
          passedOver.push(`${one.place}: ${JSON.stringify(key)}`);
        else {
          set(name, textAt(found, key) ?? '', one.place);
          secret.add(name);
        }
      }
    }
    return new SpecEnvironment(variables, secret, passedOver);
  }

  /** The words of the command. Throws `Failure` for one that would show a secret to whoever lists processes. */
  command(spec: DeploymentSpec): string[] {
    return spec.command.map(({ text: written, place }) => {
      const { text, used } = expanded(written, this.variables);
      const shown = used.find((name) => this.#secret.has(name));
      if (shown === undefined) return text;
      throw new Failure(
        1,
        `${place}: $(${shown}) would put a secret into an argument, which other users can see`,
        'Let the program read the variable itself.',
      );
    });
  }

  secretTexts(): string[] {
    return [...this.#secret].map((name) => this.variables.get(name) ?? '');
  }
}

export function noSuchKey(place: string, secret: string, key: string, keys: readonly string[]): Failure {
  return new Failure(1, `${place}: the secret ${secret} has no key ${key}`, `It has: ${keys.join(', ')}.`);
}

/** `$(NAME)` as Kubernetes expands it: an unknown name stays as it is, and `$$` is one `$`. */
function expanded(text: string, variables: ReadonlyMap<string, string>) {
  const used: string[] = [];
  const result = text.replace(/\$(?:\$|\(([^()]*)\))/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$';
    const value = variables.get(name);
    if (value === undefined) return whole;
    used.push(name);
    return value;
  });
  return { text: result, used };
}

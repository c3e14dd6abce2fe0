import {
  goText,
  parseTemplate,
  type Template,
  TemplateError,
  type TemplateFunctions,
} from '../../formats/go-template/index.ts';
import type { TemplateText } from '../configuration/configuration.ts';
import { AgentFailure } from '../failure.ts';
import { dataFunctions } from './data-functions.ts';
import { SecretStore, type Wanted } from './secret-store.ts';
import { sprigFunctions, textFunctions } from './text-functions.ts';

const mostPasses = 1000;
const mostSteps = 50_000_000;

const fixedFunctions: TemplateFunctions = {
  ...sprigFunctions,
  ...Object.fromEntries(Object.entries(sprigFunctions).map(([name, run]) => [`sprig_${name}`, run])),
  ...textFunctions,
};

/** Throws `AgentFailure` for a template that cannot be read; nothing is carried out. */
export function checkTemplate(source: TemplateText): void {
  const none = () => undefined;
  parseSource(source, { ...fixedFunctions, ...dataFunctions({}), secret: none, secrets: none });
}

function parseSource(source: TemplateText, functions: TemplateFunctions): Template {
  try {
    return parseTemplate(source.text, functions, {
      delimiters: { left: source.leftDelimiter, right: source.rightDelimiter },
      missingKey: source.missingKeyIsError ? 'error' : 'empty',
      mostSteps,
    });
  } catch (error) {
    if (error instanceof TemplateError) throw new AgentFailure(`${source.name}: ${error.message}`);
    throw error;
  }
}

/** One template over one store. */
export class Rendering {
  readonly #store: SecretStore;
  readonly #template: Template;
  /** Keys of what the last rendering used. */
  used: ReadonlySet<string> = new Set();
  readonly #using = new Set<string>();
  readonly #missing: Wanted[] = [];

  /** Throws `AgentFailure` for a template that cannot be read. */
  constructor(
    source: TemplateText,
    store: SecretStore,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#store = store;
    this.#template = parseSource(source, {
      ...fixedFunctions,
      ...dataFunctions(environment),
      secret: (path: unknown, ...data: readonly unknown[]) => this.#want(wantedSecret(goText(path), data)),
      secrets: (path: unknown) => this.#want({ kind: 'list', path: goText(path), data: {} }),
    });
  }

  /**
   * Renders, and waits for what has to be read first. Throws `TemplateError`; undefined when `signal` ended or something
   * was given up.
   */
  async render(signal: AbortSignal): Promise<string | undefined> {
    for (let pass = 0; pass < mostPasses && !signal.aborted; pass++) {
      this.#using.clear();
      this.#missing.length = 0;
      try {
        const text = this.#template.render({});
        this.used = new Set(this.#using);
        return text;
      } catch (error) {
        if (this.#missing.length === 0) throw error;
      }
      this.used = new Set([...this.used, ...this.#using]);
      await Promise.all(this.#missing.map((wanted) => this.#store.load(wanted)));
    }
    return undefined;
  }

  #want(wanted: Wanted): unknown {
    this.#using.add(SecretStore.keyOf(wanted));
    const found = this.#store.get(wanted);
    if (found) return found.value;
    this.#missing.push(wanted);
    throw new Error('not read yet');
  }
}

/** `secret PATH K=V…` writes, `secret PATH` reads. */
function wantedSecret(path: string, data: readonly unknown[]): Wanted {
  const pairs = data.map((item) => goText(item)).filter((pair) => pair !== '');
  if (pairs.length === 0) return { kind: 'read', path, data: {} };
  return {
    kind: 'write',
    path,
    data: Object.fromEntries(
      pairs.map((pair) => {
        const at = pair.indexOf('=');
        if (at < 1) throw new Error('data of a write must be K=V');
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
    ),
  };
}

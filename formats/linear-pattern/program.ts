import { type CharacterTest, PatternError, type PatternNode } from './parse-pattern.ts';

type Instruction =
  | { readonly kind: 'character'; readonly test: CharacterTest; next: number }
  | { readonly kind: 'begin' | 'end'; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'match' };

/** Thompson's construction: states instead of a stack, so that no text makes it slow. */
export type Program = readonly Instruction[];

const mostInstructions = 1000;

/** Throws `PatternError` when repetitions make it too large. */
export function compile(pattern: PatternNode): Program {
  const program: Instruction[] = [];
  emit(pattern, program);
  add(program, { kind: 'match' });
  return program;
}

function add(program: Instruction[], instruction: Instruction): number {
  if (program.length >= mostInstructions) throw new PatternError('the repetitions make it too large', 0);
  return program.push(instruction) - 1;
}

/** Each piece is entered at its first instruction and left to the one after its last. */
function emit(node: PatternNode, program: Instruction[]): void {
  switch (node.kind) {
    case 'empty':
      return;
    case 'character':
      add(program, { kind: 'character', test: node.test, next: program.length + 1 });
      return;
    case 'begin':
    case 'end':
      add(program, { kind: node.kind, next: program.length + 1 });
      return;
    case 'sequence':
      for (const part of node.parts) emit(part, program);
      return;
    case 'choice':
      emitChoice(node.parts, program);
      return;
    case 'repeat':
      emitRepeat(node, program);
  }
}

function emitChoice(parts: readonly PatternNode[], program: Instruction[]): void {
  const ends: { next: number; other: number }[] = [];
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1) {
      emit(part, program);
      continue;
    }
    const split = { kind: 'split' as const, next: program.length + 1, other: 0 };
    add(program, split);
    emit(part, program);
    const end = { kind: 'split' as const, next: 0, other: 0 };
    add(program, end);
    ends.push(end);
    split.other = program.length;
  }
  for (const end of ends) {
    end.next = program.length;
    end.other = program.length;
  }
}

function emitRepeat(node: Extract<PatternNode, { kind: 'repeat' }>, program: Instruction[]): void {
  for (let count = 0; count < node.min; count++) emit(node.part, program);
  if (node.max === undefined) {
    const split = { kind: 'split' as const, next: program.length + 1, other: 0 };
    const start = add(program, split);
    emit(node.part, program);
    add(program, { kind: 'split', next: start, other: start });
    split.other = program.length;
    return;
  }
  const skips: { other: number }[] = [];
  for (let count = node.min; count < node.max; count++) {
    const split = { kind: 'split' as const, next: program.length + 1, other: 0 };
    add(program, split);
    skips.push(split);
    emit(node.part, program);
  }
  for (const skip of skips) skip.other = program.length;
}

export function matchesSomewhere(program: Program, text: string): boolean {
  const states = new States(program);
  let position = 0;
  const last = text.length;
  states.enter(0, true, last === 0);
  for (const character of text) {
    if (states.matched) return true;
    const code = character.codePointAt(0) ?? 0;
    position += character.length;
    states.step(code, position === last);
    // The match may begin anywhere.
    states.enter(0, false, position === last);
  }
  return states.matched;
}

/** The instructions that wait for the next character, each once. */
class States {
  readonly #program: Program;
  #waiting: number[] = [];
  /** For each instruction the round in which it was last entered. */
  readonly #entered: Uint32Array;
  #round = 1;
  matched = false;

  constructor(program: Program) {
    this.#program = program;
    this.#entered = new Uint32Array(program.length);
  }

  enter(first: number, atBegin: boolean, atEnd: boolean): void {
    const stack = [first];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const instruction = this.#program[at];
      if (instruction === undefined || this.#entered[at] === this.#round) continue;
      this.#entered[at] = this.#round;
      if (instruction.kind === 'match') this.matched = true;
      else if (instruction.kind === 'character') this.#waiting.push(at);
      else if (instruction.kind === 'split') stack.push(instruction.other, instruction.next);
      else if (instruction.kind === 'begin' ? atBegin : atEnd) stack.push(instruction.next);
    }
  }

  step(code: number, atEnd: boolean): void {
    const before = this.#waiting;
    this.#waiting = [];
    this.#round++;
    for (const at of before) {
      const instruction = this.#program[at];
      if (instruction?.kind === 'character' && instruction.test(code))
        this.enter(instruction.next, false, atEnd);
    }
  }
}

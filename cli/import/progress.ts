import type { Terminal } from '../terminal.ts';

const barWidth = 24;
const redrawMilliseconds = 100;
const linesApart = 500;

/** How far the import is: a bar on a terminal, otherwise a line now and then. On standard error. */
export class Progress {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #word = '';
  #total = 0;
  #done = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
  }

  begin(word: string, total: number): void {
    this.#word = word;
    this.#total = total;
    this.#done = 0;
    this.#drawnAt = Number.NEGATIVE_INFINITY;
    if (this.#terminal.errIsTerminal) this.#draw();
    else this.#line();
  }

  step(): void {
    this.#done++;
    if (!this.#terminal.errIsTerminal) {
      if (this.#done % linesApart === 0 && this.#done < this.#total) this.#line();
    } else if (this.#now() - this.#drawnAt >= redrawMilliseconds || this.#done === this.#total) this.#draw();
  }

  end(): void {
    if (this.#terminal.errIsTerminal) this.#terminal.err('\r\x1b[K');
    else if (this.#done > 0) this.#line();
  }

  #line(): void {
    this.#terminal.err(`${this.#word}: ${this.#done} of ${this.#total}\n`);
  }

  #draw(): void {
    this.#drawnAt = this.#now();
    const share = this.#total === 0 ? 1 : this.#done / this.#total;
    const full = Math.round(share * barWidth);
    const bar = '█'.repeat(full) + '░'.repeat(barWidth - full);
    const percent = String(Math.floor(share * 100)).padStart(3);
    this.#terminal.err(`\r\x1b[K${this.#word}  ${bar}  ${percent} %  ${this.#done} of ${this.#total}`);
  }
}

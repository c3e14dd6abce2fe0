import { parseJsonForm } from './parse-json-form.ts';
import { parseNative } from './parse-native.ts';
import type { Comment } from './scan.ts';
import { scan } from './scan.ts';
import type { HclItem, HclList, HclObject, HclOptions, HclValue } from './syntax.ts';
import { defaultMaxDepth, HclSource } from './syntax.ts';

/**
 * The same text in the one layout that `policy fmt` writes: two spaces a level, one item a line, `=` aligned
 * in runs of one-line items, blocks apart by a blank line. Comments, and the words of every literal, stay as
 * they are. JSON text is indented. Formatting twice changes nothing. Throws `HclError`.
 */
export function formatHcl(text: string, options: HclOptions = {}): string {
  const source = new HclSource(text, options);
  const maxDepth = options.maxDepth ?? defaultMaxDepth;
  if (/^\ufeff?[ \t\r\n]*\{/.test(text)) return `${jsonText(source, parseJsonForm(source, maxDepth), '')}\n`;
  const { tokens, comments } = scan(source);
  return new Printer(source, comments).document(parseNative(source, tokens, maxDepth));
}

class Printer {
  readonly #source: HclSource;
  readonly #comments: readonly Comment[];
  #nextComment = 0;
  #out: string[] = [];

  constructor(source: HclSource, comments: readonly Comment[]) {
    this.#source = source;
    this.#comments = comments;
  }

  document(body: HclObject): string {
    this.#body(body.items, '', Number.POSITIVE_INFINITY);
    return this.#out.join('');
  }

  #body(items: readonly HclItem[], indent: string, end: number): void {
    const place = new Place();
    for (let index = 0; index < items.length; ) {
      const run = this.#alignedRun(items, index);
      const width = Math.max(...run.map(({ key }) => key.end - key.start));
      for (const item of run) {
        const flat = this.#isFlatItem(item);
        this.#commentsBefore(item.key.start, indent, place, !flat);
        if (place.needsBlank(this.#source.line(item.key.start), !flat)) this.#out.push('\n');
        this.#item(item, indent, item.assigned && this.#isFlat(item.value) ? width : 0);
        place.move(this.#source.line(item.value.end), !flat);
        this.#trailingComment(item.value.end, place);
        this.#out.push('\n');
      }
      index += run.length;
    }
    this.#commentsBefore(end, indent, place, false);
  }

  /** One item, or the one-line assignments from `index` on that no blank line separates. */
  #alignedRun(items: readonly HclItem[], index: number): HclItem[] {
    const run = items.slice(index, index + 1);
    for (let last = run[0]; last?.assigned && this.#isFlat(last.value); ) {
      const next = items[index + run.length];
      if (!next?.assigned || !this.#isFlat(next.value)) break;
      if (this.#blankLineBetween(last.value.end, next.key.start)) break;
      run.push(next);
      last = next;
    }
    return run;
  }

  #blankLineBetween(from: number, to: number): boolean {
    let line = this.#source.line(from);
    for (let at = this.#firstCommentFrom(from); ; at++) {
      const comment = this.#comments[at];
      const start = comment && comment.start < to ? comment.start : to;
      if (this.#source.line(start) - line >= 2) return true;
      if (!comment || start === to) return false;
      line = this.#source.line(comment.end);
    }
  }

  #item(item: HclItem, indent: string, width: number): void {
    const words = [item.key, ...item.labels].map(({ start, end }) => this.#source.text.slice(start, end));
    this.#out.push(indent, words.join(' ').padEnd(width), item.assigned ? ' = ' : ' ');
    this.#value(item.value, indent);
  }

  #value(value: HclValue, indent: string): void {
    if (value.kind === 'list') this.#list(value, indent);
    else if (value.kind === 'object') this.#object(value, indent);
    else this.#out.push(this.#source.text.slice(value.start, value.end));
  }

  #object(object: HclObject, indent: string): void {
    const [only] = object.items;
    if (!this.#isFlat(object)) {
      this.#out.push('{\n');
      this.#body(object.items, `${indent}  `, object.end - 1);
      this.#out.push(indent, '}');
    } else if (only) {
      this.#out.push('{ ');
      this.#item(only, '', 0);
      this.#out.push(' }');
    } else this.#out.push('{}');
  }

  #list(list: HclList, indent: string): void {
    if (this.#isFlat(list)) {
      this.#out.push('[');
      list.items.forEach((item, index) => {
        if (index > 0) this.#out.push(', ');
        this.#value(item, indent);
      });
      this.#out.push(']');
      return;
    }
    const inner = `${indent}  `;
    const place = new Place();
    this.#out.push('[\n');
    for (const item of list.items) {
      this.#commentsBefore(item.start, inner, place, false);
      this.#out.push(inner);
      this.#value(item, inner);
      this.#out.push(this.#isHeredoc(item) ? `\n${inner},` : ',');
      place.move(this.#source.line(item.end), false);
      this.#trailingComment(item.end, place);
      this.#out.push('\n');
    }
    this.#commentsBefore(list.end - 1, inner, place, false);
    this.#out.push(indent, ']');
  }

  #commentsBefore(offset: number, indent: string, place: Place, beforeTall: boolean): void {
    for (let comment = this.#comments[this.#nextComment]; comment && comment.start < offset; ) {
      if (place.needsBlank(this.#source.line(comment.start), beforeTall)) this.#out.push('\n');
      this.#out.push(indent, this.#source.text.slice(comment.start, comment.end), '\n');
      place.move(this.#source.line(comment.end), false, true);
      comment = this.#comments[++this.#nextComment];
    }
  }

  #trailingComment(from: number, place: Place): void {
    const comment = this.#comments[this.#nextComment];
    if (!comment || comment.start < from || this.#source.line(comment.start) !== this.#source.line(from))
      return;
    this.#out.push(' ', this.#source.text.slice(comment.start, comment.end));
    place.extend(this.#source.line(comment.end));
    this.#nextComment++;
  }

  /** True for what is printed in one line. */
  #isFlat(value: HclValue): boolean {
    const { start, end } = value;
    if (value.kind !== 'list' && value.kind !== 'object')
      return !this.#source.text.slice(start, end).includes('\n');
    if (this.#source.line(start) !== this.#source.line(end - 1) || this.#hasComment(start, end)) return false;
    if (value.kind === 'list') return value.items.every((item) => this.#isFlat(item));
    return (
      value.items.every(({ value: inner, assigned }) => assigned && isLiteral(inner)) &&
      value.items.length <= 1
    );
  }

  #isFlatItem(item: HclItem): boolean {
    return this.#isFlat(item.value);
  }

  #isHeredoc(value: HclValue): boolean {
    return this.#source.text.startsWith('<<', value.start);
  }

  #hasComment(from: number, to: number): boolean {
    const comment = this.#comments[this.#firstCommentFrom(from)];
    return comment !== undefined && comment.start < to;
  }

  #firstCommentFrom(offset: number): number {
    let low = 0;
    let high = this.#comments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#comments[middle]?.start ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What was printed last in a body, to know whether a blank line comes before the next thing. */
class Place {
  #line: number | undefined;
  #afterTall = false;
  #afterComment = false;

  needsBlank(line: number, tall: boolean): boolean {
    if (this.#line === undefined) return false;
    return this.#afterTall || (tall && !this.#afterComment) || line - this.#line >= 2;
  }

  move(line: number, tall: boolean, comment = false): void {
    this.#afterTall = tall;
    this.#afterComment = comment;
    this.extend(line);
  }

  extend(line: number): void {
    this.#line = Math.max(this.#line ?? 0, line);
  }
}

function isLiteral(value: HclValue): boolean {
  return value.kind !== 'list' && value.kind !== 'object';
}

function jsonText(source: HclSource, value: HclValue, indent: string): string {
  const inner = `${indent}  `;
  if (value.kind === 'object' && value.items.length > 0) {
    const lines = value.items.map(
      ({ key, value: held }) =>
        `${inner}${source.text.slice(key.start, key.end)}: ${jsonText(source, held, inner)}`,
    );
    return `{\n${lines.join(',\n')}\n${indent}}`;
  }
  if (value.kind === 'list' && value.items.length > 0) {
    return `[\n${value.items.map((item) => inner + jsonText(source, item, inner)).join(',\n')}\n${indent}]`;
  }
  if (value.kind === 'object') return '{}';
  return value.kind === 'list' ? '[]' : source.text.slice(value.start, value.end);
}

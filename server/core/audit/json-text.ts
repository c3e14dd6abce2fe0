/**
 * What a JSON string must escape, and what we escape besides: `<>&` as Go's encoder does, the separators that
 * some readers take for line ends, and what a shell or an interpreter would expand (`$`, backquote, `#`), so
 * that an audit file is inert text even where somebody runs it. Any JSON parser reads the same string.
 */
const unsafe = /["\\$`#<>&\u0000-\u001f\u007f-\uffff]/;
const unsafeBesidesJson = /[$`#<>&\u007f-\u009f\u2028\u2029]/g;

/** `text` as a JSON string, with its quotes. Never holds a line end or a control character. */
export function quoted(text: string): string {
  return unsafe.test(text) ? slowlyQuoted(text) : `"${text}"`;
}

function slowlyQuoted(text: string): string {
  return JSON.stringify(text).replace(
    unsafeBesidesJson,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A JSON array of strings. */
export function quotedList(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(',')}]`;
}

/** RFC 3339, UTC, milliseconds; the text of the second is kept, since most entries share it with the one before. */
export class Timestamps {
  #second = Number.NaN;
  #prefix = '';

  text(timeMs: number): string {
    const second = Math.floor(timeMs / 1000);
    if (second !== this.#second) {
      this.#prefix = `${new Date(second * 1000).toISOString().slice(0, 19)}.`;
      this.#second = second;
    }
    const rest = Math.floor(timeMs - second * 1000);
    if (rest > 99) return `${this.#prefix}${rest}Z`;
    return rest > 9 ? `${this.#prefix}0${rest}Z` : `${this.#prefix}00${rest}Z`;
  }
}

/** RFC 3339, UTC, whole seconds. */
export function secondText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

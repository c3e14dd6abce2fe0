import { goPrintf, goText, spacedText } from './go-printf.ts';
import type { TemplateFunctions } from './index.ts';
import { indexInto, isEqual, isLess, isTrue, lengthOf, sliceOf } from './values.ts';

/** Go's own functions. `and` and `or` stand here for their names; the evaluation stops at the first that decides. */
export const goFunctions: TemplateFunctions = {
  printf: (format, ...args) => goPrintf(goText(format), args),
  print: (...args) => spacedText(args),
  println: (...args) => `${args.map((arg) => goText(arg, '<nil>')).join(' ')}\n`,
  len: (value) => lengthOf(value),
  index: (value, ...keys) => indexInto(value, keys),
  slice: (value, ...bounds) => sliceOf(value, bounds),
  not: (value) => !isTrue(value),
  and: (...args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1),
  or: (...args) => args.find(isTrue) ?? args.at(-1),
  eq: (value, ...others) => {
    if (others.length === 0) throw new Error('missing argument for comparison');
    return others.some((other) => isEqual(value, other));
  },
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => isLess(a, b),
  le: (a, b) => isLess(a, b) || isEqual(a, b),
  gt: (a, b) => !(isLess(a, b) || isEqual(a, b)),
  ge: (a, b) => !isLess(a, b),
  html: (...args) => htmlText(spacedText(args)),
  urlquery: (...args) =>
    encodeURIComponent(spacedText(args))
      .replaceAll('%20', '+')
      .replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`),
  js: (...args) => jsText(spacedText(args)),
};

const htmlSigns: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&#34;',
  "'": '&#39;',
  '\0': '\ufffd',
};

function htmlText(text: string): string {
  return text.replaceAll(/[<>&"'\0]/g, (sign) => htmlSigns[sign] ?? sign);
}

function jsText(text: string): string {
  return text.replaceAll(/[\\'"<>&=\x00-\x1f]/g, (sign) => {
    if (sign === '\\' || sign === "'" || sign === '"') return `\\${sign}`;
    return `\\u${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

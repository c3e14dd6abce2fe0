import type { SafePath } from './deployment-spec.ts';

const longestElementBytes = 255;

/** A path that stays below where it is put, as elements; undefined when it would not, or names nothing. */
export function safeRelativePath(text: string): SafePath | undefined {
  const elements = text.replace(/\/$/, '').split('/');
  return elements.every(isSafeElement) ? elements : undefined;
}

/** The elements of an absolute path; undefined when it is none, is the root, or leads upwards. */
export function safeAbsolutePath(text: string): SafePath | undefined {
  return text.startsWith('/') ? safeRelativePath(text.slice(1)) : undefined;
}

/** Also as the name of a file. `..data` and its like are what the files are swapped by. */
export function isSafeElement(element: string): boolean {
  return (
    element !== '' &&
    element !== '.' &&
    !element.startsWith('..') &&
    !/[\x00-\x1f\x7f/\\]/.test(element) &&
    Buffer.byteLength(element) <= longestElementBytes
  );
}

export function isWithin(path: SafePath, folder: SafePath): boolean {
  return folder.every((element, at) => path[at] === element);
}

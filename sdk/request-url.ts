import type { Query } from './client.ts';

/** `base` is all before the path, such as `https://coffer.test:8200/v1`. */
export function requestUrl(base: string, path: string, query: Query | undefined): string {
  return `${base}/${encodePath(path)}${encodeQuery(query)}`;
}

/** Slashes stay; every other character that a URL gives a meaning is escaped. A path with two readings is refused. */
function encodePath(path: string): string {
  return path
    .replace(/^\/+/, '')
    .split('/')
    .map((segment) => {
      if (segment === '.' || segment === '..')
        throw new TypeError('a path cannot hold the segments . and ..');
      return encodeURIComponent(segment).replace(/%(?:40|3A|24|2B|2C|3B|3D|26)/g, decodeURIComponent);
    })
    .join('/');
}

function encodeQuery(query: Query | undefined): string {
  const pairs = Object.entries(query ?? {}).flatMap(([key, value]) =>
    (typeof value === 'string' ? [value] : value).map(
      (one) => `${encodeURIComponent(key)}=${encodeURIComponent(one)}`,
    ),
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

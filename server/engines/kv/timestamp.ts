/** RFC 3339 in UTC with as much of nine fraction digits as is not zero, as Go prints times; `ms` since 1970, may have a fraction. */
export function formatTimestamp(ms: number): string {
  let seconds = Math.floor(ms / 1000);
  let nanoseconds = Math.round((ms - seconds * 1000) * 1e6);
  if (nanoseconds === 1e9) {
    seconds++;
    nanoseconds = 0;
  }
  const text = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  if (nanoseconds === 0) return `${text}Z`;
  return `${text}.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}Z`;
}

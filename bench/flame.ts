import { readFileSync } from 'node:fs';

/** `node bench/flame.ts FILE.cpuprofile [rows]`: where the time of a profile went, by function, itself and with what it called. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const profile = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Profile;
const rows = Number(process.argv[3] ?? 45);
const byId = new Map(profile.nodes.map((node) => [node.id, node]));
const own = new Map<number, number>();
for (const [index, id] of profile.samples.entries())
  own.set(id, (own.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0));

const nameOf = (id: number) => {
  const { functionName, url, lineNumber } = byId.get(id)!.callFrame;
  return `${functionName || '(anonymous)'} ${url.replace(/^.*\/(?=(?:server|formats|node_modules)\/)/, '')}:${lineNumber + 1}`;
};
const self = new Map<string, number>();
const total = new Map<string, number>();
function walk(id: number, above: ReadonlySet<string>): number {
  const name = nameOf(id);
  const mine = own.get(id) ?? 0;
  const inner = new Set(above).add(name);
  let sum = mine;
  for (const child of byId.get(id)!.children ?? []) sum += walk(child, inner);
  self.set(name, (self.get(name) ?? 0) + mine);
  if (!above.has(name)) total.set(name, (total.get(name) ?? 0) + sum);
  return sum;
}
walk(profile.nodes[0]!.id, new Set());
const idle = (self.get('(idle) :0') ?? 0) + (self.get('(program) :0') ?? 0);
const busy = [...self.values()].reduce((sum, value) => sum + value, 0) - (self.get('(idle) :0') ?? 0);
console.log(`busy ${(busy / 1e6).toFixed(2)} s, idle or outside JavaScript ${(idle / 1e6).toFixed(2)} s`);
for (const [name, value] of [...self]
  .sort((a, b) =>
    process.argv[4] === 'total' ? (total.get(b[0]) ?? 0) - (total.get(a[0]) ?? 0) : b[1] - a[1],
  )
  .slice(0, rows)) {
  console.log(
    `${((100 * value) / busy).toFixed(1).padStart(6)} %  ${((100 * (total.get(name) ?? 0)) / busy).toFixed(1).padStart(6)} %  ${name}`,
  );
}

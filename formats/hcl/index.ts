export { formatHcl } from './format-hcl.ts';
export { parseHcl } from './parse-hcl.ts';
export { HclBlock, readHcl } from './reader.ts';
export type {
  HclBoolean,
  HclDocument,
  HclItem,
  HclKey,
  HclList,
  HclNull,
  HclNumber,
  HclObject,
  HclOptions,
  HclPosition,
  HclString,
  HclValue,
} from './syntax.ts';
export { HclError } from './syntax.ts';

export { compileFilter, type FilterOptions, type Resolve } from './compile-filter.ts';
export { FilterError } from './scan-filter.ts';

export { parsePolicy } from './parse-policy.ts';
export type {
  Capability,
  ParameterRules,
  ParameterValue,
  PathRule,
  Policy,
  RuleConditions,
} from './policy.ts';
export { capabilities, PolicyError } from './policy.ts';

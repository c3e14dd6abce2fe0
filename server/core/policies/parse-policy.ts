/** The language itself lives in formats, where the command line's `policy fmt` can reach it too. */
export type {
  Capability,
  ParameterRules,
  ParameterValue,
  PathRule,
  Policy,
  RuleConditions,
} from '../../../formats/policy/index.ts';
export { capabilities, PolicyError, parsePolicy } from '../../../formats/policy/index.ts';

import { isObject, objectOf } from '../outbound-request.ts';

type Labels = Readonly<Record<string, unknown>>;
type Requirement = (labels: Labels) => boolean;

/**
 * A label selector of Kubernetes (LabelSelector of meta/v1) as a test of labels. Undefined for what is none, and for one that selects
 * everything: that is surely not what was meant.
 */
export function parseSelector(text: string): Requirement | undefined {
  const selector = objectOf(text);
  if (!selector) return undefined;
  const { matchLabels = {}, matchExpressions = [], ...unknown } = selector;
  if (Object.keys(unknown).length > 0 || !isObject(matchLabels) || !Array.isArray(matchExpressions))
    return undefined;
  const requirements: (Requirement | undefined)[] = [
    ...Object.entries(matchLabels).map(([key, value]) =>
      typeof value === 'string' ? (labels: Labels) => labelOf(labels, key) === value : undefined,
    ),
    ...matchExpressions.map(expressionOf),
  ];
  const known = requirements.filter((each) => each !== undefined);
  if (known.length === 0 || known.length < requirements.length) return undefined;
  return (labels) => known.every((isMet) => isMet(labels));
}

function expressionOf(expression: unknown): Requirement | undefined {
  if (!isObject(expression)) return undefined;
  const { key, operator, values = [] } = expression;
  if (typeof key !== 'string' || !Array.isArray(values)) return undefined;
  const isOneOf = (labels: Labels) => values.includes(labelOf(labels, key));
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) return undefined;
    return (labels) => (labelOf(labels, key) !== undefined) === (operator === 'Exists');
  }
  if (values.length === 0 || values.some((value) => typeof value !== 'string')) return undefined;
  if (operator === 'In') return isOneOf;
  return operator === 'NotIn' ? (labels) => !isOneOf(labels) : undefined;
}

function labelOf(labels: Labels, key: string): unknown {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

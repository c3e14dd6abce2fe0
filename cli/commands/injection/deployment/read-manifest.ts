import { Failure } from '../../../failure.ts';
import { SpecField } from './spec-field.ts';

/** The fields that say what a container gets, wherever they stand. */
export interface ContainerFields {
  readonly env?: SpecField;
  readonly envFrom?: SpecField;
  readonly volumes?: SpecField;
  readonly volumeMounts?: SpecField;
  readonly command?: SpecField;
  readonly args?: SpecField;
}

const containerKeys = ['env', 'envFrom', 'volumeMounts', 'command', 'args'] as const;
/** Of a container, and nothing that a process is given here. */
const passedOverOfContainer = [
  ...['name', 'image', 'imagePullPolicy', 'ports', 'resources', 'workingDir', 'lifecycle', 'securityContext'],
  ...[
    'livenessProbe',
    'readinessProbe',
    'startupProbe',
    'terminationMessagePath',
    'terminationMessagePolicy',
  ],
  ...['stdin', 'stdinOnce', 'tty', 'volumeDevices', 'resizePolicy', 'restartPolicy', 'restartPolicyRules'],
];
const withTemplate = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job'];

/** The one container of a file: the file itself, or one within its Pod or what makes Pods. */
export function containerIn(file: string, text: string, container: string | undefined): ContainerFields {
  const documents = SpecField.documentsOf(file, text);
  const kinds = documents.map((document) => document.fields(['kind'], 'others').kind?.text());
  const [only, ...others] = documents;
  if (only === undefined) throw new Failure(1, `${file} holds nothing`);
  if (others.length === 0 && kinds[0] === undefined) {
    if (container !== undefined)
      throw only.refusal('is no manifest, and so has no containers', 'Leave -container out.');
    return only.fields([...containerKeys, 'volumes'], passedOverOfContainer);
  }
  const pods = documents.flatMap((document, at) => podIn(document, kinds[at]) ?? []);
  const [pod, another] = pods;
  if (pod === undefined)
    throw new Failure(
      1,
      `${file} holds no Pod, and nothing that makes Pods`,
      `Such as a ${withTemplate[0]}.`,
    );
  if (another !== undefined)
    throw another.refusal('is a second one of Pods in the file', 'Put one in a file of its own.');
  return containerOf(pod, container);
}

/** The Pod's spec. */
function podIn(document: SpecField, kind: string | undefined): SpecField | undefined {
  if (kind === 'Pod') return below(document, 'spec');
  if (kind === 'CronJob') return below(document, 'spec', 'jobTemplate', 'spec', 'template', 'spec');
  return withTemplate.some((one) => one === kind) ? below(document, 'spec', 'template', 'spec') : undefined;
}

function below(field: SpecField, ...keys: readonly string[]): SpecField {
  return keys.reduce((at, key) => at.required(at.fields([key], 'others'), key), field);
}

function containerOf(pod: SpecField, wanted: string | undefined): ContainerFields {
  const { containers, volumes } = pod.fields(['containers', 'volumes'], 'others');
  const all = containers?.entries() ?? [];
  const names = all.map((one) => one.fields(['name'], 'others').name?.text());
  const chosen = wanted === undefined ? all[0] : all[names.indexOf(wanted)];
  if (chosen === undefined)
    throw pod.refusal(
      wanted === undefined ? 'has no containers' : `has no container ${wanted}`,
      names.length === 0 ? undefined : `It has: ${names.join(', ')}.`,
    );
  return {
    ...chosen.fields(containerKeys, passedOverOfContainer),
    ...(volumes === undefined ? {} : { volumes }),
  };
}

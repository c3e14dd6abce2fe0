import type {
  CommandWord,
  DeploymentSpec,
  SecretMount,
  SecretReference,
  SecretVolume,
  VariableSource,
  VolumeItem,
} from './deployment-spec.ts';
import { containerIn } from './read-manifest.ts';
import { isWithin, safeAbsolutePath, safeRelativePath } from './safe-path.ts';
import type { SpecField } from './spec-field.ts';

/** Kubernetes knows these besides; they hold no secret of ours. */
const otherVolumes = [
  ...['emptyDir', 'configMap', 'downwardAPI', 'projected', 'persistentVolumeClaim', 'ephemeral', 'hostPath'],
  ...['csi', 'nfs', 'image', 'iscsi', 'fc', 'rbd', 'cephfs', 'glusterfs', 'azureDisk', 'azureFile'],
  ...['awsElasticBlockStore', 'gcePersistentDisk', 'vsphereVolume', 'portworxVolume', 'local'],
];
const variableName = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/**
 * Reads a deployment's YAML: the keys themselves, or a Pod, a Deployment or another thing of Kubernetes that makes
 * Pods. Throws `Failure` with line and key for what is unknown, wrong, or would lead out of the folder of the files.
 */
export function readSpec(file: string, text: string, container?: string): DeploymentSpec {
  const fields = containerIn(file, text, container);
  const passedOver: string[] = [];
  const variables = [
    ...(fields.envFrom?.entries() ?? []).flatMap((entry) => everyKey(entry)),
    ...(fields.env?.entries() ?? []).flatMap((entry) => oneVariable(entry)),
  ];
  const volumes = readVolumes(fields.volumes);
  const mounts: SecretMount[] = [];
  for (const entry of fields.volumeMounts?.entries() ?? []) {
    const mount = readMount(entry, volumes);
    if (typeof mount === 'string') passedOver.push(mount);
    else mounts.push(apart(entry, mount, mounts));
  }
  const command = words(fields.command);
  return {
    variables,
    mounts,
    command: command.length === 0 ? [] : [...command, ...words(fields.args)],
    passedOver,
  };
}

function words(field: SpecField | undefined): CommandWord[] {
  return (field?.entries() ?? []).map((entry) => ({ text: entry.text(), place: entry.place }));
}

function oneVariable(entry: SpecField): VariableSource[] {
  const fields = entry.fields(['name', 'value', 'valueFrom']);
  const nameField = entry.required(fields, 'name');
  const name = nameField.word();
  if (!variableName.test(name)) throw nameField.refusal('cannot be the name of a variable');
  const place = entry.place;
  if (fields.valueFrom === undefined)
    return [{ kind: 'value', name, text: fields.value?.text() ?? '', place }];
  if (fields.value !== undefined) throw entry.refusal('has both value and valueFrom');
  const { secretKeyRef: field } = fields.valueFrom.fields(['secretKeyRef']);
  if (field === undefined) throw fields.valueFrom.refusal('needs secretKeyRef');
  const reference = field.fields(['name', 'key', 'optional']);
  return [{ kind: 'key', name, key: reference.key?.word(), ...referenceOf(field, 'name', reference) }];
}

function everyKey(entry: SpecField): VariableSource[] {
  const { prefix, secretRef } = entry.fields(['prefix', 'secretRef']);
  if (secretRef === undefined) throw entry.refusal('needs secretRef');
  const text = prefix?.text() ?? '';
  if (text !== '' && !variableName.test(text)) throw prefix?.refusal('cannot begin the name of a variable');
  return [
    {
      kind: 'every-key',
      prefix: text,
      ...referenceOf(secretRef, 'name', secretRef.fields(['name', 'optional'])),
    },
  ];
}

function referenceOf<Name extends string>(
  field: SpecField,
  name: Name,
  fields: Partial<Record<Name | 'optional', SpecField>>,
): SecretReference {
  return {
    secret: field.required<Name | 'optional'>(fields, name).word(),
    optional: fields.optional?.flag() ?? false,
    place: field.place,
  };
}

/** By name; those that hold no secret by the kind that they are. */
function readVolumes(field: SpecField | undefined): Map<string, SecretVolume | string> {
  const volumes = new Map<string, SecretVolume | string>();
  for (const entry of field?.entries() ?? []) {
    const fields = entry.fields(['name', 'secret'], otherVolumes);
    const nameField = entry.required(fields, 'name');
    const name = nameField.word();
    if (volumes.has(name)) throw nameField.refusal(`is a second volume ${name}`);
    volumes.set(name, fields.secret === undefined ? 'no secret' : readVolume(fields.secret));
  }
  return volumes;
}

function readVolume(field: SpecField): SecretVolume {
  const fields = field.fields(['secretName', 'items', 'defaultMode', 'optional']);
  return {
    ...referenceOf(field, 'secretName', fields),
    items: fields.items?.entries().map(readItem),
    defaultMode: fields.defaultMode?.fileMode(),
  };
}

function readItem(entry: SpecField): VolumeItem {
  const fields = entry.fields(['key', 'path', 'mode']);
  const pathField = entry.required(fields, 'path');
  const path = safeRelativePath(pathField.text());
  if (path === undefined) throw pathField.refusal('is no path below the mount', relativeHint);
  return {
    key: entry.required(fields, 'key').word(),
    path,
    mode: fields.mode?.fileMode(),
    place: entry.place,
  };
}

const relativeHint = 'It is relative, and no part of it is empty, "." or begins with "..".';

/** A sentence about it when its volume holds no secret. */
function readMount(
  entry: SpecField,
  volumes: ReadonlyMap<string, SecretVolume | string>,
): SecretMount | string {
  const fields = entry.fields(['name', 'mountPath', 'subPath', 'readOnly']);
  const nameField = entry.required(fields, 'name');
  const volume = volumes.get(nameField.word());
  if (volume === undefined) throw nameField.refusal('names no volume that there is');
  const pathField = entry.required(fields, 'mountPath');
  const at = safeAbsolutePath(pathField.text());
  if (typeof volume === 'string') return `${entry.place}: its volume holds ${volume}, and is not there`;
  if (at === undefined)
    throw pathField.refusal(
      'is no absolute path of a folder or file',
      'It begins with "/", is not "/" alone, and no part of it is empty, "." or begins with "..".',
    );
  // Files of secrets can only be read, whatever it says, as in Kubernetes.
  fields.readOnly?.flag();
  const subPathText = fields.subPath?.text() ?? '';
  const subPath = subPathText === '' ? undefined : safeRelativePath(subPathText);
  if (subPathText !== '' && subPath === undefined)
    throw fields.subPath?.refusal('is no path within the volume', relativeHint);
  return { volume, at, subPath, place: entry.place };
}

/** One mount within another could be led through its links. */
function apart(entry: SpecField, mount: SecretMount, others: readonly SecretMount[]): SecretMount {
  const other = others.find(({ at }) => isWithin(at, mount.at) || isWithin(mount.at, at));
  if (other === undefined) return mount;
  throw entry.refusal(`is mounted at or within /${other.at.join('/')}, or around it`, `See ${other.place}.`);
}

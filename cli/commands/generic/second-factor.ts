import { type MfaRequirement, mfaRequirementOf } from '../../../sdk/mfa-requirement.ts';
import type { Secret } from '../../../sdk/secret.ts';
import { Failure } from '../../failure.ts';
import { attempt, type Run } from '../../run.ts';

/**
 * Finishes a login that needs a second factor by asking for it on the terminal. Without one, or with -non-interactive,
 * the answer comes back as it was, saying what is missing.
 */
export async function withSecondFactor(run: Run, secret: Secret | undefined): Promise<Secret | undefined> {
  const requirement = mfaRequirementOf(secret?.auth ?? null);
  if (!requirement || !run.terminal.inIsTerminal || run.flags.on('non-interactive')) return secret;
  const payload = await askPasscodes(run, requirement);
  const { client } = await run.clients();
  const body = { mfa_request_id: requirement.requestId, mfa_payload: payload };
  return attempt('Error validating the second factor', () => client.write('sys/mfa/validate', body));
}

/** One passcode for each constraint, of its first method that takes one; a method is asked for once. */
async function askPasscodes(run: Run, { constraints }: MfaRequirement): Promise<Record<string, string[]>> {
  const payload: Record<string, string[]> = {};
  for (const { methods } of constraints) {
    const method =
      methods.find(({ id }) => id in payload) ?? methods.find((each) => each.usesPasscode) ?? methods[0];
    if (!method || method.id in payload) continue;
    payload[method.id] = method.usesPasscode ? [await askPasscode(run, method.id, method.type)] : [];
  }
  return payload;
}

async function askPasscode(run: Run, id: string, type: string): Promise<string> {
  const prompt = `Enter the passphrase for methodID ${JSON.stringify(id)} of type ${JSON.stringify(type)}: `;
  const passcode = (await run.terminal.askHidden(prompt, 'err')).trim();
  if (passcode === '') throw new Failure(1, 'Error validating the second factor: no passcode was given');
  return passcode;
}

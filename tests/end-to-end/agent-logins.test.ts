import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { KubernetesApi } from '../../server/auth-methods/kubernetes/kubernetes-api-harness.ts';
import { startTestServer, type TestServer } from '../start-server.ts';
import { Program } from './program.ts';

let server: TestServer;
let program: Program;
let cluster: KubernetesApi;
before(async () => {
  server = await startTestServer();
  program = new Program();
  cluster = await new KubernetesApi().start();
  const rules = 'path "secret/data/ai/openai" { capabilities = ["read"] }';
  await server.call('POST', 'sys/policies/acl/ai-inference-service', { body: { policy: rules } });
  await server.call('POST', 'secret/data/ai/openai', { body: { data: { api_key: 'sk-canary' } } });
});
after(async () => {
  await program.dispose();
  await cluster.stop();
  await server.stop();
});

/** Runs an agent with one method and the template of MISSION.md until everything is written. */
async function rendered(name: string, method: string): Promise<string> {
  const folder = join(program.home, name);
  const config = join(program.home, `${name}.hcl`);
  fs.writeFileSync(
    config,
    `auto_auth {
  ${method}
}
template {
  destination = "${folder}/config"
  contents = <<EOT
{{ with secret "secret/data/ai/openai" }}
OPENAI_API_KEY={{ .Data.data.api_key }}
{{ end }}
EOT
}
`,
  );
  const ended = await program.run(['agent', `-config=${config}`, '-exit-after-auth'], {
    VAULT_ADDR: server.address,
  });
  assert.equal(ended.code, 0, ended.err);
  assert.doesNotMatch(ended.err, /canary|eyJ/);
  return fs.readFileSync(join(folder, 'config'), 'utf8');
}
const expected = '\nOPENAI_API_KEY=sk-canary\n\n';

describe('the agent logs in', () => {
  it("as a pod's service account, with the configuration of MISSION.md", async () => {
    await server.call('POST', 'sys/auth/kubernetes', { body: { type: 'kubernetes' } });
    const set = await server.call('POST', 'auth/kubernetes/config', {
      body: {
        kubernetes_host: cluster.url,
        token_reviewer_jwt: 'reviewer',
      },
    });
    assert.equal(set.status, 204, set.text);
    const role = await server.call('POST', 'auth/kubernetes/role/inference-role', {
      body: {
        bound_service_account_names: 'inference-sa',
        bound_service_account_namespaces: 'inference',
        policies: 'ai-inference-service',
        ttl: '1h',
      },
    });
    assert.ok(role.status < 300, role.text);
    const token = join(program.home, 'sa-token');
    fs.writeFileSync(token, await cluster.token({ name: 'inference-sa', namespace: 'inference' }));
    const method = `method "kubernetes" {
    mount_path = "auth/kubernetes"
    config = { role = "inference-role", token_path = "${token}" }
  }`;
    assert.equal(await rendered('kubernetes', method), expected);
    assert.ok(fs.existsSync(token));
  });

  it('with a JWT from a file, which is removed once read', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await server.call('POST', 'sys/auth/jwt', { body: { type: 'jwt' } });
    await server.call('POST', 'auth/jwt/config', {
      body: { jwt_validation_pubkeys: [publicKey.export({ type: 'spki', format: 'pem' })] },
    });
    await server.call('POST', 'auth/jwt/role/app', {
      body: {
        role_type: 'jwt',
        bound_audiences: ['coffer'],
        user_claim: 'sub',
        token_policies: ['ai-inference-service'],
      },
    });
    const jwt = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256' })
      .setSubject('app')
      .setAudience('coffer')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
    const file = join(program.home, 'jwt');
    fs.writeFileSync(file, jwt);
    const method = `method "jwt" { config = { role = "app", path = "${file}" } }`;
    assert.equal(await rendered('jwt-login', method), expected);
    assert.equal(fs.existsSync(file), false);
  });
});

"""A new server: initialised, unsealed, its keys changed, its root token made again, sealed."""

import base64

from hvac import exceptions


def run(work, client):
    new = client()
    work.ok(new.sys.read_init_status, want={"initialized": False})
    work.ok(new.sys.is_initialized, want=False)
    work.ok(new.sys.read_health_status, holds=lambda answer: answer.status_code == 501)
    work.ok(
        new.sys.read_health_status,
        uninit_code=200,
        method="GET",
        holds=lambda answer: answer["initialized"] is False and answer["sealed"] is True,
    )
    made = work.ok(
        new.sys.initialize,
        secret_shares=3,
        secret_threshold=2,
        want={"keys": list, "keys_base64": list, "root_token": str},
    )
    keys, token = made["keys_base64"], made["root_token"]
    work.check("the root token looks like Vault's", token.startswith("hvs.") and len(token) == 28, token[:4])
    work.fails(exceptions.InvalidRequest, "already initialized", new.sys.initialize, 1, 1)
    work.ok(new.sys.is_sealed, want=True)
    work.ok(new.sys.read_seal_status, want={"sealed": True, "t": 2, "n": 3, "progress": 0, "type": "shamir"})
    work.fails(exceptions.VaultDown, "Vault is sealed", client(token).secrets.kv.v2.read_secret_version, "a")
    work.ok(new.sys.submit_unseal_key, keys[0], want={"sealed": True, "progress": 1})
    work.ok(new.sys.submit_unseal_key, reset=True, want={"sealed": True, "progress": 0})
    work.ok(new.sys.submit_unseal_keys, [made["keys"][2], keys[1]], want={"sealed": False})
    work.ok(new.sys.read_health_status, holds=lambda answer: answer.status_code == 200)
    work.get(new, "seal_status", want={"sealed": False, "version": str})
    work.ok(new.sys.read_leader_status, want={"ha_enabled": bool, "is_self": bool})
    work.get(client(token), "ha_status", want={"ha_enabled": bool, "leader_address": str})
    root = client(token)
    work.ok(root.is_authenticated, want=True)
    work.ok(client("hvs.wrong").is_authenticated, want=False)
    work.get(root, "token")
    work.ok(root.sys.step_down, holds=lambda answer: answer.status_code == 204)
    keys = rekeyed(work, root, keys)
    root_again(work, root, keys)
    encryption_keys(work, root)
    root.unseal_keys = keys
    return root


def rekeyed(work, root, keys):
    work.ok(root.sys.read_rekey_progress, want={"started": False, "required": 2})
    work.get(root, "rekey_status", want={"started": False})
    work.ok(root.sys.start_rekey, 5, 3, want={"started": True, "t": 3, "n": 5})
    work.ok(root.sys.cancel_rekey, holds=lambda answer: answer.status_code == 204)
    nonce = work.ok(root.sys.start_rekey, 1, 1, require_verification=True, want={"nonce": str, "verification_required": True})["nonce"]
    work.ok(root.sys.rekey, keys[0], nonce=nonce, want={"progress": 1, "nonce": nonce})
    done = work.ok(root.sys.rekey_multi, [keys[1]], nonce=nonce, want={"complete": True, "verification_required": True, "keys": list})
    work.ok(root.sys.read_rekey_verify_progress, want={"progress": 0, "t": 1, "n": 1})
    verification = work.ok(root.sys.cancel_rekey_verify)
    verification = root.sys.read_rekey_verify_progress()["nonce"]
    work.ok(root.sys.rekey_verify, done["keys_base64"][0], verification, want={"complete": True})
    # Once more, without a check, so that both ways to end are walked.
    nonce = root.sys.start_rekey(2, 2, require_verification=True)["nonce"]
    second = root.sys.rekey_multi([done["keys_base64"][0]], nonce=nonce)
    verification = root.sys.read_rekey_verify_progress()["nonce"]
    work.ok(root.sys.rekey_verify_multi, second["keys_base64"], verification, want={"complete": True})
    work.fails(exceptions.InvalidRequest, "no backed-up keys found", root.sys.read_backup_keys)
    return second["keys_base64"]


def root_again(work, root, keys):
    work.ok(root.sys.read_root_generation_progress, want={"started": False, "required": 2})
    work.get(root, "generate_root_status", want={"started": False})
    otp = base64.b64encode(b"sixteen bytes ok").decode()
    work.fails(exceptions.InvalidRequest, "", root.sys.start_root_token_generation, otp=otp)
    started = work.ok(root.sys.start_root_token_generation, want={"started": True, "otp": str, "nonce": str})
    work.ok(root.sys.cancel_root_generation, holds=lambda answer: answer.status_code == 204)
    started = root.sys.start_root_token_generation()
    work.ok(root.sys.generate_root, keys[0], started["nonce"], want={"progress": 1, "complete": False})
    done = work.ok(root.sys.generate_root, keys[1], started["nonce"], want={"complete": True, "encoded_token": str})
    encoded = done["encoded_token"]
    clear = bytes(a ^ b for a, b in zip(base64.b64decode(encoded + "=" * (-len(encoded) % 4)), started["otp"].encode()))
    token = clear.decode()
    work.ok(root.auth.token.lookup, token, want={"data": {"policies": ["root"]}})
    work.ok(root.auth.token.revoke, token, holds=lambda answer: answer.status_code == 204)


def encryption_keys(work, root):
    before = work.ok(root.sys.get_encryption_key_status, want={"data": {"term": int, "install_time": str}})
    work.ok(root.sys.rotate_encryption_key, holds=lambda answer: answer.status_code in (200, 204))
    work.get(root, "key_status", want={"term": before["data"]["term"] + 1})


def end(work, root):
    work.ok(root.sys.seal, holds=lambda answer: answer.status_code == 204)
    work.ok(root.sys.is_sealed, want=True)
    work.ok(root.sys.submit_unseal_keys, root.unseal_keys, want={"sealed": False})
    work.ok(root.is_authenticated, want=True)
    work.ok(root.logout, revoke_token=True)
    work.ok(root.is_authenticated, want=False)

"""Mounts, auth methods, audit devices, policies, capabilities, namespaces, quotas, leases."""

from hvac import exceptions

POLICY = 'path "secret/data/ai/*" { capabilities = ["read", "list"] }'


def done(answer):
    return answer.status_code == 204


def replaced(answer):
    """Vault warns when a body repeats what is in the path, as hvac does here; a warning turns 204 into 200."""
    return "captured from the endpoint's path" in answer["warnings"][0]


def run(work, client, root, folder):
    mounts(work, root)
    auth_methods(work, root)
    audit(work, root, folder)
    policies(work, client, root)
    namespaces(work, client, root)
    quotas(work, root)
    leases(work, root)


def mounts(work, root):
    enable = root.sys.enable_secrets_engine
    work.ok(enable, "kv", path="secret", options={"version": "2"}, holds=done)
    work.ok(enable, "kv", path="kv1", description="first", options={"version": "1"}, config={"default_lease_ttl": "1h"}, holds=done)
    work.fails(exceptions.InvalidRequest, "path is already in use at kv1/", enable, "kv", path="kv1")
    work.fails(exceptions.InvalidRequest, "plugin not found in the catalog", enable, "nothing", path="x")
    work.ok(
        root.sys.list_mounted_secrets_engines,
        want={"data": {"kv1/": {"type": "kv", "description": "first"}, "sys/": {"type": "system"}}, "kv1/": {"uuid": str}},
    )
    work.ok(root.sys.retrieve_mount_option, "secret", "version", want="2")
    work.ok(root.sys.read_mount_configuration, "kv1", want={"data": {"default_lease_ttl": 3600, "force_no_cache": False}})
    work.ok(root.sys.tune_mount_configuration, "kv1", max_lease_ttl="2h", description="tuned", listing_visibility="unauth", holds=done)
    work.ok(root.sys.read_mount_configuration, "kv1", want={"data": {"max_lease_ttl": 7200, "description": "tuned"}})
    work.ok(root.sys.move_backend, "kv1", "kv-one", want={"migration_id": str})
    work.ok(root.sys.disable_secrets_engine, "kv-one", holds=done)
    work.fails(exceptions.InvalidRequest, "", root.sys.read_mount_configuration, "kv-one")
    work.ok(enable, "kv", path="kv", options={"version": "1"}, holds=done)


def auth_methods(work, root):
    enable = root.sys.enable_auth_method
    work.ok(enable, "userpass", description="people", holds=done)
    work.ok(enable, "approle", path="machines", config={"default_lease_ttl": "30m"}, holds=done)
    work.fails(exceptions.InvalidRequest, "path is already in use at userpass/", enable, "userpass")
    work.ok(root.sys.list_auth_methods, want={"data": {"token/": {"type": "token"}, "machines/": {"accessor": str}}})
    work.ok(root.sys.tune_auth_method, "machines", max_lease_ttl="4h", audit_non_hmac_request_keys=["role_id"], holds=done)
    work.ok(
        root.sys.read_auth_method_tuning,
        "machines",
        want={"data": {"default_lease_ttl": 1800, "max_lease_ttl": 14400, "audit_non_hmac_request_keys": ["role_id"]}},
    )
    work.ok(root.sys.disable_auth_method, "machines", holds=done)
    work.ok(enable, "approle", holds=done)


def audit(work, root, folder):
    options = {"file_path": f"{folder}/hvac-audit.log"}
    work.ok(root.sys.enable_audit_device, "file", description="for hvac", options=options, path="written", holds=done)
    work.ok(root.sys.list_enabled_audit_devices, want={"data": {"written/": {"type": "file", "options": options}}})
    work.ok(root.sys.calculate_hash, "written", "text", holds=lambda answer: answer["data"]["hash"].startswith("hmac-sha256:"))
    work.fails(exceptions.InvalidRequest, "unknown audit backend", root.sys.calculate_hash, "none", "text")
    work.ok(root.sys.disable_audit_device, "written", holds=done)


def policies(work, client, root):
    work.ok(root.sys.create_or_update_acl_policy, "app", POLICY, holds=done)
    work.ok(root.sys.read_acl_policy, "app", want={"data": {"name": "app", "policy": POLICY}})
    work.ok(root.sys.list_acl_policies, holds=lambda answer: {"app", "default", "root"} <= set(answer["data"]["keys"]))
    work.ok(root.sys.create_or_update_policy, "old", {"path": {"kv/*": {"capabilities": ["read"]}}}, holds=done)
    work.ok(root.sys.read_policy, "old", holds=lambda answer: '"kv/*"' in answer["data"]["rules"] and "rules" in answer)
    work.ok(root.get_policy, "old", holds=lambda text: "capabilities" in text)
    work.ok(root.get_policy, "none", holds=lambda text: text is None)
    work.ok(root.sys.list_policies, holds=lambda answer: "old" in answer["data"]["policies"] and "old" in answer["policies"])
    work.fails(exceptions.InvalidRequest, "failed to parse policy", root.sys.create_or_update_policy, "bad", "path {")
    work.ok(root.sys.delete_policy, "old", holds=done)
    work.fails(exceptions.InvalidPath, "", root.sys.read_policy, "old")
    made = root.auth.token.create(policies=["app"])["auth"]
    own = client(made["client_token"])
    capabilities = root.sys.get_capabilities
    work.ok(own.sys.get_capabilities, ["secret/data/ai/x", "sys/seal"], want={"data": {"secret/data/ai/x": ["list", "read"], "sys/seal": ["deny"]}})
    work.ok(capabilities, ["secret/data/ai/x"], token=made["client_token"], want={"capabilities": ["list", "read"]})
    work.ok(capabilities, ["secret/data/ai/x"], accessor=made["accessor"], want={"secret/data/ai/x": ["list", "read"]})
    work.fails(exceptions.Forbidden, "permission denied", own.sys.list_auth_methods)
    work.ok(root.sys.create_or_update_acl_policy, "gone", POLICY, holds=done)
    work.ok(root.sys.delete_acl_policy, "gone", holds=done)


def namespaces(work, client, root):
    work.ok(root.sys.create_namespace, "team", holds=lambda answer: answer["data"]["path"] == "team/")
    work.ok(root.sys.list_namespaces, want={"data": {"keys": ["team/"]}})
    inside = client(root.token, namespace="team")
    work.ok(inside.sys.enable_secrets_engine, "kv", path="secret", options={"version": "2"}, holds=done)
    work.ok(inside.secrets.kv.v2.create_or_update_secret, "a", {"in": "team"}, want={"data": {"version": 1}})
    work.ok(inside.secrets.kv.v2.read_secret_version, "a", raise_on_deleted_version=True, want={"data": {"data": {"in": "team"}}})
    work.fails(exceptions.InvalidPath, "", root.secrets.kv.v2.read_secret_version, "a", raise_on_deleted_version=True)
    work.fails(exceptions.InvalidPath, "", client(root.token, namespace="none").sys.list_auth_methods)
    work.ok(root.sys.delete_namespace, "team")
    work.fails(exceptions.InvalidPath, "", root.sys.list_namespaces)


def quotas(work, root):
    quota = {"name": "most", "rate": 1000.5, "path": "kv", "interval": "2s", "inheritable": False}
    work.ok(root.sys.create_or_update_quota, **quota, rate_limit_type="rate-limit", holds=replaced)
    work.ok(root.sys.read_quota, "most", want={"data": {"rate": 1000.5, "path": "kv/", "interval": 2, "type": "rate-limit"}})
    work.ok(root.sys.list_quotas, want={"data": {"keys": ["most"]}})
    work.ok(root.sys.delete_quota, "most", holds=done)
    work.fails(exceptions.InvalidPath, "", root.sys.read_quota, "most")


def leases(work, root):
    made = root.auth.token.create(policies=["default"], ttl="10m")["auth"]
    listed = work.ok(root.sys.list_leases, "auth/token/create", want={"data": {"keys": list}})
    name = listed["data"]["keys"][0]
    lease = f"auth/token/create/{name}"
    work.ok(root.sys.read_lease, lease, want={"data": {"id": lease, "renewable": bool, "ttl": int, "issue_time": str}})
    work.fails(exceptions.InvalidRequest, "", root.sys.read_lease, "auth/token/create/none")
    work.fails(exceptions.InvalidRequest, "lease not found", root.sys.renew_lease, "kv/none/x", increment=60)
    work.ok(root.sys.revoke_lease, lease, holds=done)
    work.ok(root.sys.revoke_prefix, "auth/token/create", holds=replaced)
    work.fails(exceptions.Forbidden, "bad token", root.auth.token.lookup, made["client_token"])
    work.ok(root.sys.revoke_force, "kv", holds=replaced)

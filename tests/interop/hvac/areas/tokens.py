"""Everything of auth/token."""

from hvac import exceptions

from areas.operations import done


def run(work, client, root):
    token = root.auth.token
    made = work.ok(
        token.create,
        policies=["app"],
        meta={"who": "me"},
        ttl="1h",
        explicit_max_ttl="2h",
        display_name="my app",
        num_uses=0,
        renewable=True,
        want={"auth": {"policies": ["app", "default"], "metadata": {"who": "me"}, "lease_duration": 3600, "renewable": True, "token_type": "service", "orphan": False}},
    )["auth"]
    work.ok(token.lookup, made["client_token"], want={"data": {"display_name": "token-my-app", "explicit_max_ttl": 7200, "type": "service", "ttl": int, "expire_time": str}})
    work.ok(token.lookup_accessor, made["accessor"], want={"data": {"id": "", "accessor": made["accessor"]}})
    work.ok(root.lookup_token, made["accessor"], accessor=True, want={"data": {"meta": {"who": "me"}}})
    own = client(made["client_token"])
    work.ok(own.auth.token.lookup_self, want={"data": {"id": made["client_token"]}})
    work.ok(own.auth.token.renew_self, increment="90m", want={"auth": {"lease_duration": 5400}})
    work.ok(token.renew, made["client_token"], increment=60, want={"auth": {"client_token": made["client_token"]}})
    work.ok(root.renew_token, made["client_token"], increment=60, want={"auth": {"renewable": True}})
    work.ok(token.renew_accessor, made["accessor"], increment=60, want={"auth": {"client_token": "", "accessor": made["accessor"]}})
    work.fails(exceptions.InvalidRequest, "lease is not renewable", root.auth.token.renew_self)
    work.fails(exceptions.Forbidden, "bad token", token.lookup, "hvs.nothing")
    child = own.auth.token
    work.fails(exceptions.Forbidden, "permission denied", child.create, policies=["default"])
    kinds(work, client, root)
    roles(work, root)
    work.ok(token.list_accessors, holds=lambda answer: made["accessor"] in answer["data"]["keys"])
    work.ok(token.revoke_accessor, made["accessor"], holds=done)
    work.ok(own.is_authenticated, want=False)
    work.ok(token.tidy, holds=lambda answer: "Tidy operation successfully started" in str(answer if isinstance(answer, dict) else answer.text))


def kinds(work, client, root):
    token = root.auth.token
    orphan = work.ok(token.create_orphan, policies=["default"], want={"auth": {"orphan": True}})["auth"]
    work.ok(root.revoke_token, orphan["client_token"])
    work.ok(root.revoke_token, token.create(policies=["default"])["auth"]["accessor"], accessor=True)
    work.ok(token.create, period="30m", policies=["default"], want={"auth": {"lease_duration": 1800}})
    batch = work.ok(token.create, type="batch", policies=["default"], ttl="5m", want={"auth": {"accessor": "", "renewable": False, "token_type": "batch"}})["auth"]
    work.fails(exceptions.InvalidRequest, "batch tokens cannot be renewed", token.renew, batch["client_token"])
    work.ok(token.create, id="own-id", policies=["default"], no_parent=True, want={"auth": {"client_token": "own-id", "orphan": True}})
    work.fails(exceptions.InvalidRequest, "", token.create, id="own-id")
    once = token.create(policies=["default"], num_uses=1)["auth"]["client_token"]
    work.ok(client(once).auth.token.lookup_self, want={"data": {"policies": ["default"]}})
    work.fails(exceptions.Forbidden, "permission denied", client(once).auth.token.lookup_self)
    policy = 'path "auth/token/create" { capabilities = ["create", "update", "sudo"] }'
    root.sys.create_or_update_policy("parent", policy)
    parent = token.create(policies=["parent"])["auth"]["client_token"]
    children = [client(parent).auth.token.create(policies=["default"])["auth"]["client_token"] for _ in range(2)]
    work.ok(token.revoke_and_orphan_children, parent, holds=done)
    work.ok(client(children[0]).auth.token.lookup_self, want={"data": {"orphan": True}})
    work.ok(client(children[0]).auth.token.revoke_self, holds=done)
    work.ok(client(children[0]).is_authenticated, want=False)
    wrapped = work.ok(token.create, policies=["default"], wrap_ttl="60s", want={"auth": None, "wrap_info": {"wrapped_accessor": str}})
    work.ok(root.sys.unwrap, wrapped["wrap_info"]["token"], want={"auth": {"policies": ["default"]}})


def roles(work, root):
    token = root.auth.token
    role = {"allowed_policies": ["app"], "disallowed_policies": ["admin"], "orphan": True, "renewable": False, "path_suffix": "suffix", "token_period": "1h", "token_explicit_max_ttl": "24h", "allowed_entity_aliases": ["worker"]}
    work.ok(token.create_or_update_role, "r", **role, holds=done)
    work.ok(token.read_role, "r", want={"data": {"name": "r", "orphan": True, "path_suffix": "suffix", "token_period": 3600, "renewable": False, "allowed_policies": ["app"]}})
    work.ok(token.list_roles, want={"data": {"keys": ["r"]}})
    work.ok(token.create, role_name="r", want={"auth": {"policies": ["app", "default"], "orphan": True, "renewable": False}})
    work.ok(token.create, role_name="r", entity_alias="worker", holds=lambda answer: answer["auth"]["entity_id"] != "")
    work.fails(exceptions.InvalidRequest, "must be subset of the role's allowed policies", token.create, role_name="r", policies=["other"])
    work.ok(token.delete_role, "r", holds=done)
    work.fails(exceptions.InvalidPath, "", token.read_role, "r")

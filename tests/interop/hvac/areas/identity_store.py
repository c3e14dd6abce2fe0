"""Entities, aliases, groups, lookups, merges, and identity tokens where the server has them."""

from hvac import exceptions

from areas.operations import done, replaced

IDENTITY_TOKEN_METHODS = [
    "configure_tokens_backend",
    "read_tokens_backend_configuration",
    "create_named_key",
    "read_named_key",
    "delete_named_key",
    "list_named_keys",
    "rotate_named_key",
    "create_or_update_role",
    "read_role",
    "delete_role",
    "list_roles",
    "generate_signed_id_token",
    "introspect_signed_id_token",
    "read_well_known_configurations",
    "read_active_public_keys",
]


def has_identity_tokens(root):
    return root.read("identity/oidc/config") is not None


def run(work, client, root):
    accessor = root.sys.list_auth_methods()["data"]["userpass/"]["accessor"]
    ids = entities(work, root, accessor)
    groups(work, root, ids, accessor)
    merges(work, root, accessor)
    if has_identity_tokens(root):
        identity_tokens(work, client, root)


def entities(work, root, accessor):
    identity = root.secrets.identity
    ann = work.ok(identity.create_or_update_entity, "ann", metadata={"team": "ml"}, policies=["app"], want={"data": {"id": str, "name": "ann"}})["data"]["id"]
    work.ok(identity.create_or_update_entity, "ann", entity_id=ann, metadata={"team": "ops"}, holds=lambda answer: True)
    work.ok(identity.create_or_update_entity_by_name, "bob", policies=["app"], want={"data": {"id": str}})
    work.ok(identity.read_entity, ann, want={"data": {"name": "ann", "metadata": {"team": "ops"}, "policies": ["app"], "disabled": False, "aliases": [], "group_ids": list, "creation_time": str, "namespace_id": "root"}})
    bob = work.ok(identity.read_entity_by_name, "bob", want={"data": {"id": str}})["data"]["id"]
    work.ok(identity.update_entity, ann, name="anne", disabled=False, holds=lambda answer: True)
    work.ok(identity.list_entities, holds=lambda answer: {ann, bob} <= set(answer["data"]["keys"]))
    work.ok(identity.list_entities, method="GET", holds=lambda answer: "key_info" in answer["data"])
    work.ok(identity.list_entities_by_name, holds=lambda answer: {"anne", "bob"} <= set(answer["data"]["keys"]))
    alias = work.ok(identity.create_or_update_entity_alias, "anne", ann, accessor, want={"data": {"id": str, "canonical_id": ann}})["data"]["id"]
    work.ok(identity.read_entity_alias, alias, want={"data": {"mount_type": "userpass", "mount_path": "auth/userpass/", "canonical_id": ann}})
    work.ok(identity.update_entity_alias, alias, "anne2", ann, accessor, holds=lambda answer: True)
    work.ok(identity.list_entity_aliases, holds=lambda answer: alias in answer["data"]["keys"])
    lookup = identity.lookup_entity
    work.ok(lookup, name="anne", want={"data": {"id": ann}})
    work.ok(lookup, entity_id=ann, want={"data": {"name": "anne"}})
    work.ok(lookup, alias_id=alias, want={"data": {"id": ann}})
    work.ok(lookup, alias_name="anne2", alias_mount_accessor=accessor, want={"data": {"id": ann}})
    work.ok(lookup, name="none", holds=lambda answer: getattr(answer, "status_code", 0) == 204)
    work.ok(identity.delete_entity_alias, alias, holds=done)
    work.fails(exceptions.InvalidPath, "", identity.read_entity, "none")
    return ann, bob


def groups(work, root, ids, accessor):
    identity = root.secrets.identity
    ann, bob = ids
    group = work.ok(identity.create_or_update_group, "team", policies=["app"], member_entity_ids=[ann], want={"data": {"id": str, "name": "team"}})["data"]["id"]
    work.ok(identity.read_group, group, want={"data": {"type": "internal", "member_entity_ids": [ann], "policies": ["app"], "member_group_ids": None}})
    work.ok(identity.update_group, group, "team", group_type="internal", member_entity_ids=[ann, bob], holds=lambda answer: True)
    work.ok(identity.list_groups, want={"data": {"keys": [group]}})
    work.ok(identity.list_groups_by_name, want={"data": {"keys": ["team"]}})
    work.ok(identity.create_or_update_group_by_name, "outside", group_type="external", policies=["app"], holds=lambda answer: True)
    outside = work.ok(identity.read_group_by_name, "outside", want={"data": {"type": "external", "alias": {}}})["data"]["id"]
    alias = work.ok(identity.create_or_update_group_alias, "ldap-team", mount_accessor=accessor, canonical_id=outside, want={"data": {"id": str}})["data"]["id"]
    work.ok(identity.read_group_alias, alias, want={"data": {"name": "ldap-team", "canonical_id": outside}})
    work.ok(identity.update_group_alias, alias, "ldap-team-2", mount_accessor=accessor, canonical_id=outside, holds=lambda answer: True)
    work.ok(identity.list_group_aliases, want={"data": {"keys": [alias]}})
    lookup = identity.lookup_group
    work.ok(lookup, name="team", want={"data": {"id": group}})
    work.ok(lookup, group_id=group, want={"data": {"name": "team"}})
    work.ok(lookup, alias_id=alias, want={"data": {"id": outside}})
    work.ok(lookup, alias_name="ldap-team-2", alias_mount_accessor=accessor, want={"data": {"id": outside}})
    work.ok(identity.delete_group_alias, alias, holds=done)
    work.ok(identity.delete_group, group, holds=done)
    work.ok(identity.delete_group_by_name, "outside", holds=done)
    work.fails(exceptions.InvalidPath, "", identity.read_group, group)


def merges(work, root, accessor):
    identity = root.secrets.identity
    one, two = (identity.create_or_update_entity(name)["data"]["id"] for name in ("one", "two"))
    identity.create_or_update_entity_alias("two", two, accessor)
    work.ok(identity.merge_entities, [two], one, holds=done)
    work.ok(identity.read_entity, one, holds=lambda answer: answer["data"]["aliases"][0]["name"] == "two" and answer["data"]["merged_entity_ids"] == [two])
    work.ok(identity.lookup_entity, name="two", holds=lambda answer: getattr(answer, "status_code", 0) == 204)
    work.ok(identity.delete_entity, one, holds=done)
    work.ok(identity.delete_entity_by_name, "bob", holds=done)


def identity_tokens(work, client, root):
    identity = root.secrets.identity
    work.ok(identity.configure_tokens_backend, issuer=None, holds=lambda answer: True)
    work.ok(identity.read_tokens_backend_configuration, want={"data": {"issuer": str}})
    work.ok(identity.create_named_key, "k", rotation_period="1h", verification_ttl="2h", allowed_client_ids=["*"], algorithm="ES256", holds=replaced)
    work.ok(identity.read_named_key, "k", want={"data": {"algorithm": "ES256", "rotation_period": 3600, "verification_ttl": 7200, "allowed_client_ids": ["*"]}})
    work.ok(identity.list_named_keys, holds=lambda answer: "k" in answer["data"]["keys"])
    work.ok(identity.create_or_update_role, "r", "k", template='{"team": {{identity.entity.metadata.team}}}', ttl="5m", holds=done)
    work.ok(identity.read_role, "r", want={"data": {"key": "k", "ttl": 300, "client_id": str}})
    work.ok(identity.list_roles, want={"data": {"keys": ["r"]}})
    root.sys.create_or_update_policy("signed", 'path "identity/oidc/token/*" { capabilities = ["read"] }')
    root.auth.userpass.create_or_update_user("carol", "pw", policies=["signed"])
    carol = client()
    carol.auth.userpass.login("carol", "pw")
    signed = work.ok(carol.secrets.identity.generate_signed_id_token, "r", want={"data": {"token": str, "ttl": 300, "client_id": str}})
    if signed:
        work.ok(identity.introspect_signed_id_token, signed["data"]["token"], want={"active": True})
    work.ok(identity.read_well_known_configurations, want={"issuer": str, "jwks_uri": str})
    work.ok(identity.read_active_public_keys, want={"keys": list})
    work.ok(identity.rotate_named_key, "k", "1h", holds=done)
    work.ok(identity.delete_role, "r", holds=done)
    work.ok(identity.delete_named_key, "k", holds=done)

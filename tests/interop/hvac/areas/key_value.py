"""KV of both versions, cubbyhole, and the plain read, write, list and delete of the client."""

from hvac import exceptions

from areas.operations import done


def run(work, client, root):
    version_one(work, root)
    version_two(work, root)
    metadata(work, root)
    plain(work, root)
    wrapping(work, client, root)


def version_one(work, root):
    v1 = root.secrets.kv.v1
    at = {"mount_point": "kv"}
    work.ok(v1.create_or_update_secret, "app/db", {"user": "u", "port": 5432, "nested": {"a": [1, None]}}, **at, holds=done)
    work.ok(v1.create_or_update_secret, "app/db", {"user": "v"}, method="PUT", **at, holds=done)
    work.ok(v1.read_secret, "app/db", **at, want={"data": {"user": "v"}, "lease_id": "", "renewable": False, "auth": None})
    work.ok(v1.list_secrets, "app", **at, want={"data": {"keys": ["db"]}})
    work.ok(v1.delete_secret, "app/db", **at, holds=done)
    work.fails(exceptions.InvalidPath, "", v1.read_secret, "app/db", **at)
    work.fails(exceptions.InvalidPath, "", v1.list_secrets, "app", **at)


def version_two(work, root):
    v2 = root.secrets.kv.v2
    work.ok(v2.configure, max_versions=5, cas_required=False, delete_version_after="0s", holds=done)
    work.ok(v2.read_configuration, want={"data": {"max_versions": 5, "cas_required": False, "delete_version_after": "0s"}})
    put = v2.create_or_update_secret
    work.ok(put, "ai/openai", {"api-key": "one"}, want={"data": {"version": 1, "destroyed": False, "deletion_time": ""}})
    work.ok(put, "ai/openai", {"api-key": "two"}, cas=1, want={"data": {"version": 2}})
    work.fails(exceptions.InvalidRequest, "check-and-set parameter did not match the current version", put, "ai/openai", {}, cas=1)
    read = v2.read_secret_version
    work.ok(read, "ai/openai", raise_on_deleted_version=True, want={"data": {"data": {"api-key": "two"}, "metadata": {"version": 2}}})
    work.ok(read, "ai/openai", version=1, raise_on_deleted_version=True, want={"data": {"data": {"api-key": "one"}}})
    work.ok(v2.read_secret, "ai/openai", raise_on_deleted_version=True, want={"data": {"metadata": {"custom_metadata": None}}})
    work.ok(v2.patch, "ai/openai", {"org": "o"}, want={"data": {"version": 3}})
    work.ok(read, "ai/openai", raise_on_deleted_version=True, want={"data": {"data": {"api-key": "two", "org": "o"}}})
    work.fails(exceptions.InvalidPath, "", v2.patch, "ai/none", {"a": 1})
    work.ok(v2.list_secrets, "ai", want={"data": {"keys": ["openai"]}})
    work.ok(v2.delete_latest_version_of_secret, "ai/openai", holds=done)
    work.fails(exceptions.InvalidPath, "", read, "ai/openai", raise_on_deleted_version=True)
    # With `False` hvac hands over the body of the 404 if it has the shape of Vault's.
    work.ok(read, "ai/openai", raise_on_deleted_version=False, want={"data": {"data": None, "metadata": {"version": 3, "deletion_time": str}}})
    work.ok(v2.undelete_secret_versions, "ai/openai", [3], holds=done)
    work.ok(v2.delete_secret_versions, "ai/openai", [1, 2], holds=done)
    work.ok(v2.destroy_secret_versions, "ai/openai", [1], holds=done)
    work.ok(read, "ai/openai", version=1, raise_on_deleted_version=False, want={"data": {"metadata": {"destroyed": True}}})


def metadata(work, root):
    v2 = root.secrets.kv.v2
    update = v2.update_metadata
    work.ok(update, "ai/openai", max_versions=7, delete_version_after="1h", custom_metadata={"team": "ml"}, holds=done)
    work.ok(
        v2.read_secret_metadata,
        "ai/openai",
        want={"data": {"max_versions": 7, "current_version": 3, "delete_version_after": "1h0m0s", "custom_metadata": {"team": "ml"}, "versions": {"1": {"destroyed": True}}}},
    )
    # External Secrets Operator does this: metadata of what has no data yet.
    work.ok(update, "ai/later", custom_metadata={"managed-by": "external-secrets"}, holds=done)
    work.ok(v2.create_or_update_secret, "ai/later", {"a": "b"}, cas=0, want={"data": {"version": 1, "custom_metadata": {"managed-by": "external-secrets"}}})
    work.ok(v2.delete_metadata_and_all_versions, "ai/later", holds=done)
    work.fails(exceptions.InvalidPath, "", v2.read_secret_metadata, "ai/later")


def plain(work, root):
    work.ok(root.write, "cubbyhole/a", key="value", holds=done)
    work.ok(root.write_data, "cubbyhole/b", data={"path": "taken", "wrap_ttl": "taken"}, holds=done)
    work.ok(root.read, "cubbyhole/b", want={"data": {"path": "taken", "wrap_ttl": "taken"}})
    work.ok(root.list, "cubbyhole", want={"data": {"keys": ["a", "b"]}})
    work.ok(root.delete, "cubbyhole/a")
    work.ok(root.read, "cubbyhole/a", holds=lambda answer: answer is None)
    work.ok(root.list, "kv/nothing", holds=lambda answer: answer is None)
    work.fails(exceptions.UnexpectedError, "unsupported operation", root.write, "sys/host-info")
    work.fails(exceptions.InvalidPath, "no handler for route", root.write, "nowhere/x", a="b")


def wrapping(work, client, root):
    wrapped = work.ok(root.sys.wrap, {"a": "b"}, ttl=120, want={"wrap_info": {"ttl": 120, "token": str, "creation_path": "sys/wrapping/wrap"}})
    token = wrapped["wrap_info"]["token"]
    work.fails(exceptions.Forbidden, "permission denied", client().sys.unwrap, token)
    work.ok(root.sys.unwrap, token, want={"data": {"a": "b"}})
    work.fails(exceptions.InvalidRequest, "wrapping token is not valid or does not exist", root.sys.unwrap, token)
    wrapped = work.ok(root.read, "secret/data/ai/openai", wrap_ttl="5m", want={"data": None, "wrap_info": {"ttl": 300}})
    other = client(wrapped["wrap_info"]["token"])
    work.ok(other.sys.unwrap, want={"data": {"data": {"api-key": "two"}}})
    # What hvac did before there was sys/wrapping: it reads cubbyhole/response with the wrapping token.
    wrapped = root.auth.token.create(policies=["default"], wrap_ttl="5m")
    old = client()
    work.ok(old.auth_cubbyhole, wrapped["wrap_info"]["token"], want={"auth": {"client_token": str}})
    work.ok(old.is_authenticated, want=True)

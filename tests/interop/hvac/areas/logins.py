"""Userpass and AppRole."""

from hvac import exceptions

from areas.operations import done


def run(work, client, root):
    people(work, client, root)
    machines(work, client, root)


def people(work, client, root):
    userpass = root.auth.userpass
    work.ok(userpass.create_or_update_user, "alice", "first", policies=["app"], holds=done)
    work.ok(userpass.read_user, "alice", holds=lambda answer: answer["data"]["token_policies"] == ["app"])
    work.ok(userpass.list_user, want={"data": {"keys": ["alice"]}})
    someone = client()
    work.fails(exceptions.InvalidRequest, "invalid username or password", someone.auth.userpass.login, "alice", "wrong")
    work.fails(exceptions.InvalidRequest, "invalid username or password", someone.auth.userpass.login, "nobody", "first")
    work.ok(someone.auth.userpass.login, "alice", "first", want={"auth": {"policies": ["app", "default"], "metadata": {"username": "alice"}}})
    work.ok(someone.is_authenticated, want=True)
    work.ok(userpass.update_password_on_user, "alice", "second", holds=done)
    work.fails(exceptions.InvalidRequest, "invalid username or password", client().auth.userpass.login, "alice", "first")
    work.ok(client().auth.userpass.login, "alice", "second", use_token=False, want={"auth": {"entity_id": str}})
    work.ok(userpass.delete_user, "alice", holds=done)
    work.fails(exceptions.InvalidPath, "", userpass.read_user, "alice")


def machines(work, client, root):
    approle = root.auth.approle
    role = {"secret_id_ttl": "1h", "secret_id_num_uses": 2, "token_ttl": "20m", "token_max_ttl": "1h", "token_policies": ["app"], "token_bound_cidrs": ["127.0.0.1/32"], "token_no_default_policy": True, "token_num_uses": 50, "token_type": "service"}
    work.ok(approle.create_or_update_approle, "server", **role, holds=done)
    work.fails(exceptions.InvalidRequest, "CIDR", approle.create_or_update_approle, "bad", secret_id_bound_cidrs=["nothing"])
    work.ok(approle.read_role, "server", want={"data": {"secret_id_num_uses": 2, "token_ttl": 1200, "bind_secret_id": True, "token_no_default_policy": True, "local_secret_ids": False}})
    work.ok(approle.list_roles, want={"data": {"keys": ["server"]}})
    role_id = work.ok(approle.read_role_id, "server", want={"data": {"role_id": str}})["data"]["role_id"]
    work.ok(approle.update_role_id, "server", "the-server", holds=done)
    work.check("the role id changed", role_id != approle.read_role_id("server")["data"]["role_id"])
    made = work.ok(approle.generate_secret_id, "server", metadata={"host": "a"}, cidr_list=["127.0.0.0/8"], want={"data": {"secret_id": str, "secret_id_accessor": str, "secret_id_ttl": 3600, "secret_id_num_uses": 2}})["data"]
    someone = client()
    work.ok(someone.auth.approle.login, "the-server", made["secret_id"], want={"auth": {"policies": ["app"], "metadata": {"role_name": "server", "host": "a"}, "num_uses": 50, "lease_duration": 1200}})
    work.ok(root.auth.token.lookup, someone.token, want={"data": {"path": "auth/approle/login", "bound_cidrs": ["127.0.0.1"]}})
    work.ok(approle.read_secret_id, "server", made["secret_id"], want={"data": {"secret_id_num_uses": 1, "metadata": {"host": "a"}, "cidr_list": ["127.0.0.0/8"]}})
    work.ok(approle.read_secret_id_accessor, "server", made["secret_id_accessor"], want={"data": {"secret_id_accessor": made["secret_id_accessor"]}})
    work.ok(client().auth.approle.login, "the-server", made["secret_id"], use_token=False, want={"auth": {"client_token": str}})
    work.fails(exceptions.InvalidRequest, "invalid role or secret ID", client().auth.approle.login, "the-server", made["secret_id"])
    work.fails(exceptions.InvalidRequest, "invalid role or secret ID", client().auth.approle.login, "nothing", "nothing")
    custom = work.ok(approle.create_custom_secret_id, "server", "my-secret", metadata={"k": "v"}, want={"data": {"secret_id": "my-secret"}})["data"]
    work.ok(approle.list_secret_id_accessors, "server", want={"data": {"keys": [custom["secret_id_accessor"]]}})
    work.ok(approle.destroy_secret_id, "server", "my-secret", holds=done)
    wrapped = work.ok(approle.generate_secret_id, "server", wrap_ttl="5m", want={"wrap_info": {"wrapped_accessor": str, "creation_path": "auth/approle/role/server/secret-id"}})
    inside = work.ok(client(wrapped["wrap_info"]["token"]).sys.unwrap, want={"data": {"secret_id": str}})["data"]
    work.check("the wrapped accessor is the secret id's", inside["secret_id_accessor"] == wrapped["wrap_info"]["wrapped_accessor"])
    work.ok(approle.destroy_secret_id_accessor, "server", inside["secret_id_accessor"], holds=done)
    work.ok(approle.delete_role, "server", holds=done)
    work.fails(exceptions.InvalidPath, "", approle.read_role, "server")

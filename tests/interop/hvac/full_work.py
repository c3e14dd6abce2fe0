"""hvac, unchanged, doing its full usual work against a new, sealed Coffer at COFFER_ADDRESS.

Prints a row for each call and ends with status 1 when one is not as Vault would have it, or when a public method of the
areas below was neither called nor excused."""

import os
import sys

import hvac
from hvac import exceptions
from hvac.api import system_backend
from hvac.api.auth_methods import approle, token, userpass
from hvac.api.secrets_engines import identity, kv, kv_v1, kv_v2

import areas.identity_store
import areas.key_value
import areas.logins
import areas.operations
import areas.start
import areas.tokens
from work import Work

ADDRESS = os.environ["COFFER_ADDRESS"]
FOLDER = os.environ["COFFER_FOLDER"]

ENTERPRISE = "Sentinel is not part of it; a policy that asks for it is refused"
RAFT = "no integrated storage: sys/storage/raft is not there"
EXCUSED = {
    **{f"Policies.{verb}_{kind}": ENTERPRISE for kind in ("rgp_policy", "egp_policy") for verb in ("read", "create_or_update", "delete")},
    "Policies.list_rgp_policies": ENTERPRISE,
    "Policies.list_egp_policies": ENTERPRISE,
    "Identity.validate_member_id_params_for_group_type": "asks no server",
    "Client.allow_redirects": "asks no server",
    "Client.session": "asks no server",
    "Client.adapter": "asks no server",
    "Client.url": "asks no server",
    "Client.login": "used by the login of every method",
    "Client.secrets": "asks no server",
    "Client.auth": "asks no server",
    "Client.sys": "asks no server",
}
CLASSES = [
    hvac.Client,
    system_backend.Audit,
    system_backend.Auth,
    system_backend.Capabilities,
    system_backend.Health,
    system_backend.Init,
    system_backend.Key,
    system_backend.Leader,
    system_backend.Lease,
    system_backend.Mount,
    system_backend.Namespace,
    system_backend.Policies,
    system_backend.Policy,
    system_backend.Quota,
    system_backend.Seal,
    system_backend.Wrapping,
    kv_v1.KvV1,
    kv_v2.KvV2,
    identity.Identity,
    token.Token,
    approle.AppRole,
    userpass.Userpass,
]


def client(token=None, namespace=None):
    return hvac.Client(url=ADDRESS, token=token, namespace=namespace)


def main():
    work = Work()
    root = areas.start.run(work, client)
    work.area(areas.operations.run, client, root, FOLDER)
    work.area(areas.key_value.run, client, root)
    work.area(areas.tokens.run, client, root)
    work.area(areas.logins.run, client, root)
    work.area(areas.identity_store.run, client, root)
    if not areas.identity_store.has_identity_tokens(root):
        print("skipped: identity tokens (identity/oidc), which this server does not have")
        EXCUSED.update({f"Identity.{name}": "not there" for name in areas.identity_store.IDENTITY_TOKEN_METHODS})
    areas.start.end(work, root)
    for name in work.uncalled(CLASSES, EXCUSED):
        work.check(f"{name} is called", False, "no row calls it and nothing excuses it")
    work.end()


if __name__ == "__main__":
    assert kv.Kv and exceptions.VaultError, "the parts of hvac that the areas use"
    sys.exit(main())

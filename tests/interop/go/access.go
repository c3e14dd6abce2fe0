package main

import (
	"context"
	"fmt"

	vault "github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/api/auth/approle"
	"github.com/hashicorp/vault/api/auth/userpass"
)

func tokens(w *work, root *vault.Client) {
	at := root.Auth().Token()
	w.called["Auth.Token"] = true
	made, err := at.Create(&vault.TokenCreateRequest{Policies: []string{"app"}, TTL: "1h", ExplicitMaxTTL: "2h", DisplayName: "mine", Metadata: map[string]string{"who": "me"}})
	ok(w, "TokenAuth.Create", made, err, made.Auth.LeaseDuration == 3600, made.Auth.Renewable, fmt.Sprint(made.Auth.Policies) == "[app default]")
	found, err := at.Lookup(clientToken(made))
	ok(w, "TokenAuth.Lookup", found, err, text(found, "display_name") == "token-mine", text(found, "explicit_max_ttl") == "7200")
	found, err = at.LookupAccessor(made.Auth.Accessor)
	ok(w, "TokenAuth.LookupAccessor", found, err, text(found, "id") == "")
	own := client(clientToken(made)).Auth().Token()
	renewed, err := own.RenewSelf(5400)
	ok(w, "TokenAuth.RenewSelf", renewed, err, renewed.Auth.LeaseDuration == 5400)
	renewed, err = at.Renew(clientToken(made), 60)
	ok(w, "TokenAuth.Renew", renewed, err, clientToken(renewed) == clientToken(made))
	renewed, err = at.RenewAccessor(made.Auth.Accessor, 60)
	ok(w, "TokenAuth.RenewAccessor", renewed, err, clientToken(renewed) == "")
	renewed, err = at.RenewTokenAsSelf(clientToken(made), 60)
	ok(w, "TokenAuth.RenewTokenAsSelf", renewed, err, renewed.Auth.Renewable)
	orphan, err := at.CreateOrphan(&vault.TokenCreateRequest{Policies: []string{"default"}})
	ok(w, "TokenAuth.CreateOrphan", orphan, err, orphan.Auth.Orphan)
	_, _ = root.Logical().Write("auth/token/roles/r", map[string]any{"allowed_policies": "app", "orphan": true})
	ofRole, err := at.CreateWithRole(&vault.TokenCreateRequest{}, "r")
	ok(w, "TokenAuth.CreateWithRole", ofRole, err, ofRole.Auth.Orphan)
	w.done("TokenAuth.RevokeAccessor", at.RevokeAccessor(made.Auth.Accessor))
	w.done("TokenAuth.RevokeOrphan", at.RevokeOrphan(clientToken(orphan)))
	w.done("TokenAuth.RevokeTree", at.RevokeTree(clientToken(ofRole)))
	_, err = at.Lookup(clientToken(made))
	w.fails("TokenAuth.Lookup", 403, "bad token", err)
	watched(w, root)
}

// The client's own renewal loop: one renewal, as it renews at once, then it is stopped.
func watched(w *work, root *vault.Client) {
	made, _ := root.Auth().Token().Create(&vault.TokenCreateRequest{Policies: []string{"default"}, TTL: "1h"})
	own := client(clientToken(made))
	watcher, err := own.NewLifetimeWatcher(&vault.LifetimeWatcherInput{Secret: made, Increment: 3600})
	w.done("Client.NewLifetimeWatcher", err)
	go watcher.Start()
	defer watcher.Stop()
	select {
	case renewal := <-watcher.RenewCh():
		ok(w, "LifetimeWatcher.RenewCh", renewal, nil, renewal.Secret.Auth.LeaseDuration == 3600)
	case err := <-watcher.DoneCh():
		w.done("LifetimeWatcher.RenewCh", fmt.Errorf("ended: %v", err))
	}
}

func logins(w *work, root *vault.Client) {
	ctx := context.Background()
	at := root.Logical()
	_, err := at.Write("auth/userpass/users/alice", map[string]any{"password": "first", "token_policies": "app"})
	w.done("Logical.Write", err)
	password, _ := userpass.NewUserpassAuth("alice", &userpass.Password{FromString: "first"})
	someone := client("")
	login, err := someone.Auth().Login(ctx, password)
	ok(w, "Auth.Login", login, err, login.Auth.Metadata["username"] == "alice", someone.Token() != "")
	wrong, _ := userpass.NewUserpassAuth("alice", &userpass.Password{FromString: "second"})
	_, err = client("").Auth().Login(ctx, wrong)
	w.row("Auth.Login", refusal(err))

	_, _ = at.Write("auth/approle/role/server", map[string]any{"token_policies": "app", "secret_id_num_uses": 1})
	role, _ := at.Read("auth/approle/role/server/role-id")
	wrapper, _ := root.Clone()
	wrapper.SetToken(root.Token())
	wrapper.SetWrappingLookupFunc(func(string, string) string { return "2m" })
	wrapped, err := wrapper.Logical().Write("auth/approle/role/server/secret-id", nil)
	ok(w, "Logical.Write", wrapped, err, wrapped.WrapInfo.WrappedAccessor != "")
	method, err := approle.NewAppRoleAuth(text(role, "role_id"), &approle.SecretID{FromString: wrapped.WrapInfo.Token}, approle.WithWrappingToken())
	w.done("approle.NewAppRoleAuth", err)
	login, err = client("").Auth().Login(ctx, method)
	ok(w, "Auth.Login", login, err, login.Auth.Metadata["role_name"] == "server")
	_, err = client("").Auth().Login(ctx, method)
	w.row("Auth.Login", refusal(err))
}

func refusal(err error) error {
	if err == nil {
		return fmt.Errorf("was not refused")
	}
	return nil
}

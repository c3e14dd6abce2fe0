package main

import (
	"fmt"

	vault "github.com/hashicorp/vault/api"
)

func mounts(w *work, root *vault.Client) {
	sys := root.Sys()
	w.done("Sys.Mount", sys.Mount("secret", &vault.MountInput{Type: "kv", Options: map[string]string{"version": "2"}}))
	w.done("Sys.Mount", sys.Mount("kv1", &vault.MountInput{Type: "kv", Description: "first", Config: vault.MountConfigInput{DefaultLeaseTTL: "1h"}}))
	w.fails("Sys.Mount", 400, "path is already in use at kv1/", sys.Mount("kv1", &vault.MountInput{Type: "kv"}))
	all, err := sys.ListMounts()
	ok(w, "Sys.ListMounts", all, err, all["kv1/"].Description == "first", all["secret/"].Options["version"] == "2")
	one, err := sys.GetMount("kv1")
	ok(w, "Sys.GetMount", one, err, one.Type == "kv", one.UUID != "")
	w.done("Sys.TuneMount", sys.TuneMount("kv1", vault.MountConfigInput{MaxLeaseTTL: "2h", ListingVisibility: "unauth"}))
	description := "second"
	w.done("Sys.TuneMountAllowNil", sys.TuneMountAllowNil("kv1", vault.TuneMountConfigInput{Description: &description}))
	config, err := sys.MountConfig("kv1")
	ok(w, "Sys.MountConfig", config, err, config.DefaultLeaseTTL == 3600, config.MaxLeaseTTL == 7200, config.ListingVisibility == "unauth")
	w.done("Sys.Remount", sys.Remount("kv1", "moved"))
	move, err := sys.StartRemount("moved", "kv1")
	ok(w, "Sys.StartRemount", move, err, move.MigrationID != "")
	status, err := sys.RemountStatus(move.MigrationID)
	ok(w, "Sys.RemountStatus", status, err, status.MigrationInfo.SourceMount == "moved/")
	w.done("Sys.Unmount", sys.Unmount("nothing"))
	w.done("Sys.EnableAuth", sys.EnableAuth("userpass", "userpass", "people"))
	w.done("Sys.EnableAuthWithOptions", sys.EnableAuthWithOptions("approle", &vault.EnableAuthOptions{Type: "approle"}))
	auth, err := sys.ListAuth()
	ok(w, "Sys.ListAuth", auth, err, auth["userpass/"].Description == "people", auth["token/"] != nil)
	method, err := sys.GetAuth("approle")
	ok(w, "Sys.GetAuth", method, err, method.Accessor != "")
	_ = sys.EnableAuth("gone", "userpass", "")
	w.done("Sys.DisableAuth", sys.DisableAuth("gone"))
	plugins, err := sys.ListPlugins(&vault.ListPluginsInput{})
	ok(w, "Sys.ListPlugins", plugins, err, len(plugins.Details) > 0)
	_, err = sys.CORSStatus()
	w.done("Sys.CORSStatus", err)
	w.done("Sys.ConfigureCORS", sys.ConfigureCORS(&vault.CORSRequest{Enabled: true, AllowedOrigins: []string{"http://a.example"}}))
	w.done("Sys.DisableCORS", sys.DisableCORS())
}

func policies(w *work, root *vault.Client) {
	sys := root.Sys()
	rules := `path "secret/data/*" { capabilities = ["read"] }`
	w.done("Sys.PutPolicy", sys.PutPolicy("app", rules))
	read, err := sys.GetPolicy("app")
	ok(w, "Sys.GetPolicy", read, err, read == rules)
	none, err := sys.GetPolicy("none")
	ok(w, "Sys.GetPolicy", none, err, none == "")
	names, err := sys.ListPolicies()
	ok(w, "Sys.ListPolicies", names, err, len(names) == 3)
	w.fails("Sys.PutPolicy", 400, "failed to parse policy", sys.PutPolicy("bad", "path {"))
	_ = sys.PutPolicy("gone", rules)
	w.done("Sys.DeletePolicy", sys.DeletePolicy("gone"))
	made, _ := root.Auth().Token().Create(&vault.TokenCreateRequest{Policies: []string{"app"}})
	own, err := client(clientToken(made)).Sys().CapabilitiesSelf("secret/data/x")
	ok(w, "Sys.CapabilitiesSelf", own, err, fmt.Sprint(own) == "[read]")
	others, err := sys.Capabilities(clientToken(made), "sys/seal")
	ok(w, "Sys.Capabilities", others, err, fmt.Sprint(others) == "[deny]")
	byAccessor, err := sys.CapabilitiesAccessor(made.Auth.Accessor, "secret/data/x")
	ok(w, "Sys.CapabilitiesAccessor", byAccessor, err, fmt.Sprint(byAccessor) == "[read]")
}

func audit(w *work, root *vault.Client, folder string) {
	sys := root.Sys()
	options := map[string]string{"file_path": folder + "/go-audit.log"}
	w.done("Sys.EnableAuditWithOptions", sys.EnableAuditWithOptions("file", &vault.EnableAuditOptions{Type: "file", Options: options}))
	devices, err := sys.ListAudit()
	ok(w, "Sys.ListAudit", devices, err, devices["file/"].Type == "file")
	hash, err := sys.AuditHash("file", "text")
	ok(w, "Sys.AuditHash", hash, err, len(hash) == len("hmac-sha256:")+64)
	w.done("Sys.DisableAudit", sys.DisableAudit("file"))
	options = map[string]string{"file_path": folder + "/go-audit-2.log"}
	w.done("Sys.EnableAudit", sys.EnableAudit("second", "file", "", options))
}

func leases(w *work, root *vault.Client) {
	sys := root.Sys()
	made, _ := root.Auth().Token().Create(&vault.TokenCreateRequest{Policies: []string{"default"}, TTL: "5m"})
	listed, err := root.Logical().List("sys/leases/lookup/auth/token/create")
	keys, _ := listed.Data["keys"].([]any)
	ok(w, "Logical.List", listed, err, len(keys) > 0)
	id := fmt.Sprint("auth/token/create/", keys[0])
	found, err := sys.Lookup(id)
	ok(w, "Sys.Lookup", found, err, text(found, "id") == id)
	_, err = sys.Renew("none/x", 60)
	w.fails("Sys.Renew", 400, "lease not found", err)
	w.done("Sys.Revoke", sys.Revoke(id))
	w.done("Sys.RevokeWithOptions", sys.RevokeWithOptions(&vault.RevokeOptions{LeaseID: "none/x", Sync: true}))
	w.done("Sys.RevokePrefix", sys.RevokePrefix("auth/token/create"))
	w.done("Sys.RevokeForce", sys.RevokeForce("kv1"))
	_, err = client(clientToken(made)).Auth().Token().LookupSelf()
	w.fails("TokenAuth.LookupSelf", 403, "permission denied", err)
}

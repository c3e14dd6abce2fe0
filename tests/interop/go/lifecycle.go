package main

import (
	"encoding/base64"

	vault "github.com/hashicorp/vault/api"
)

func start(w *work, root *vault.Client) []string {
	sys := root.Sys()
	isThere, err := sys.InitStatus()
	ok(w, "Sys.InitStatus", isThere, err, !isThere)
	health, err := sys.Health()
	ok(w, "Sys.Health", health, err, !health.Initialized, health.Sealed)
	made, err := sys.Init(&vault.InitRequest{SecretShares: 3, SecretThreshold: 2})
	ok(w, "Sys.Init", made, err, len(made.KeysB64) == 3, len(made.RootToken) == 28)
	_, err = sys.Init(&vault.InitRequest{SecretShares: 1, SecretThreshold: 1})
	w.fails("Sys.Init", 400, "already initialized", err)
	root.SetToken(made.RootToken)
	_, err = root.Logical().Read("secret/data/a")
	w.fails("Logical.Read", 503, "Vault is sealed", err)
	status, err := sys.SealStatus()
	ok(w, "Sys.SealStatus", status, err, status.Sealed, status.T == 2, status.N == 3)
	status, err = sys.Unseal(made.Keys[0])
	ok(w, "Sys.Unseal", status, err, status.Progress == 1)
	status, err = sys.ResetUnsealProcess()
	ok(w, "Sys.ResetUnsealProcess", status, err, status.Progress == 0)
	_, _ = sys.Unseal(made.KeysB64[2])
	status, err = sys.UnsealWithOptions(&vault.UnsealOpts{Key: made.KeysB64[1]})
	ok(w, "Sys.UnsealWithOptions", status, err, !status.Sealed, status.Version != "")
	leader, err := sys.Leader()
	ok(w, "Sys.Leader", leader, err, !leader.HAEnabled)
	nodes, err := sys.HAStatus()
	ok(w, "Sys.HAStatus", nodes, err, len(nodes.Nodes) == 1, nodes.Nodes[0].ActiveNode)
	w.done("Sys.StepDown", sys.StepDown())
	keyStatus, err := sys.KeyStatus()
	ok(w, "Sys.KeyStatus", keyStatus, err, keyStatus.Term == 1, !keyStatus.InstallTime.IsZero())
	w.done("Sys.Rotate", sys.Rotate())
	rootAgain(w, root, made.KeysB64)
	return rekeyed(w, root, made.KeysB64)
}

func rootAgain(w *work, root *vault.Client, keys []string) {
	sys := root.Sys()
	status, err := sys.GenerateRootStatus()
	ok(w, "Sys.GenerateRootStatus", status, err, !status.Started, status.OTPLength > 0)
	_, err = sys.GenerateRootInit("", "")
	w.done("Sys.GenerateRootInit", err)
	w.done("Sys.GenerateRootCancel", sys.GenerateRootCancel())
	started, err := sys.GenerateRootInit("", "")
	ok(w, "Sys.GenerateRootInit", started, err, started.Started, started.OTP != "")
	_, _ = sys.GenerateRootUpdate(keys[0], started.Nonce)
	done, err := sys.GenerateRootUpdate(keys[1], started.Nonce)
	ok(w, "Sys.GenerateRootUpdate", done, err, done.Complete)
	clear, err := base64.RawStdEncoding.DecodeString(done.EncodedToken)
	for index := range clear {
		clear[index] ^= started.OTP[index]
	}
	self, lookupError := client(string(clear)).Auth().Token().LookupSelf()
	w.done("the new root token decodes", err)
	ok(w, "TokenAuth.LookupSelf", self, lookupError, text(self, "policies") == "[root]")
}

func rekeyed(w *work, root *vault.Client, keys []string) []string {
	sys := root.Sys()
	status, err := sys.RekeyStatus()
	ok(w, "Sys.RekeyStatus", status, err, !status.Started, status.Required == 2)
	request := &vault.RekeyInitRequest{SecretShares: 1, SecretThreshold: 1, RequireVerification: true}
	status, err = sys.RekeyInit(request)
	ok(w, "Sys.RekeyInit", status, err, status.Started, status.VerificationRequired)
	w.done("Sys.RekeyCancel", sys.RekeyCancel())
	status, _ = sys.RekeyInit(request)
	w.done("Sys.RekeyCancelWithNonce", sys.RekeyCancelWithNonce(status.Nonce))
	w.called["Sys.RekeyCancelWithContextWithNonce"] = true
	status, _ = sys.RekeyInit(request)
	_, _ = sys.RekeyUpdate(keys[0], status.Nonce)
	done, err := sys.RekeyUpdate(keys[1], status.Nonce)
	ok(w, "Sys.RekeyUpdate", done, err, done.Complete, len(done.KeysB64) == 1)
	w.done("Sys.RekeyVerificationCancel", sys.RekeyVerificationCancel())
	check, err := sys.RekeyVerificationStatus()
	ok(w, "Sys.RekeyVerificationStatus", check, err, check.N == 1)
	verified, err := sys.RekeyVerificationUpdate(done.KeysB64[0], check.Nonce)
	ok(w, "Sys.RekeyVerificationUpdate", verified, err, verified.Complete)
	_, err = sys.RekeyRetrieveBackup()
	w.fails("Sys.RekeyRetrieveBackup", 400, "no backed-up keys found", err)
	w.done("Sys.RekeyDeleteBackup", sys.RekeyDeleteBackup())
	return done.KeysB64
}

func sealAgain(w *work, root *vault.Client, keys []string) {
	sys := root.Sys()
	w.done("Sys.Seal", sys.Seal())
	status, err := sys.Unseal(keys[0])
	ok(w, "Sys.Unseal", status, err, !status.Sealed)
	w.done("TokenAuth.RevokeSelf", root.Auth().Token().RevokeSelf(""))
	_, err = root.Auth().Token().LookupSelf()
	w.fails("TokenAuth.LookupSelf", 403, "permission denied", err)
}

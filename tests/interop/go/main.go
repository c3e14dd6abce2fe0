// Vault's own Go client, unchanged, doing its full usual work against a new, sealed Coffer at COFFER_ADDRESS. Prints a
// row for each call, and fails when one is not as Vault would have it or when a method was neither called nor excused.
package main

import (
	"os"
	"regexp"

	vault "github.com/hashicorp/vault/api"
)

// Not part of Coffer, each answered with 404: integrated storage, replication and DR, plug-in binaries, snapshots of
// Enterprise, usage reports and messages of Vault's console.
var absent = regexp.MustCompile(`^Sys\.(?:.*Raft|GenerateDR|GenerateRecoveryOperation|Replication|.*Plugin(?:$|[^s])|ListPluginRuntimes|.*UICustomMessage|Billing|UtilizationReport|ReportingScan)|Snapshot|^Logical\.Recover`)

// Recovery keys belong to automatic seals; the second factor has a test of its own; Monitor streams without an end.
var elsewhere = regexp.MustCompile(`^Sys\.(?:RekeyRecoveryKey|RekeyDeleteRecovery|RekeyRetrieveRecovery|MFAValidate|Monitor)|^Auth\.MFA|^Logical\.ParseRawResponse`)

func main() {
	w := &work{called: map[string]bool{}}
	root := client("")
	keys := start(w, root)
	mounts(w, root)
	policies(w, root)
	audit(w, root, os.Getenv("COFFER_FOLDER"))
	keyValue(w, root)
	logical(w, root)
	tokens(w, root)
	logins(w, root)
	leases(w, root)
	sealAgain(w, root, keys)
	owners := []any{&vault.Sys{}, &vault.Logical{}, &vault.KVv1{}, &vault.KVv2{}, &vault.TokenAuth{}, &vault.Auth{}}
	excused := func(name string) bool { return absent.MatchString(name) || elsewhere.MatchString(name) }
	for _, name := range w.uncalled(owners, excused) {
		w.failures = append(w.failures, name+": no row calls it and nothing excuses it")
	}
	w.end()
}

func client(token string) *vault.Client {
	config := vault.DefaultConfig()
	config.Address = os.Getenv("COFFER_ADDRESS")
	config.MaxRetries = 0
	made, err := vault.NewClient(config)
	if err != nil {
		panic(err)
	}
	made.SetToken(token)
	return made
}

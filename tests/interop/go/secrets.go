package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	vault "github.com/hashicorp/vault/api"
)

func keyValue(w *work, root *vault.Client) {
	ctx := context.Background()
	one := root.KVv1("kv1")
	w.done("KVv1.Put", one.Put(ctx, "a/b", map[string]any{"n": 5, "s": "text"}))
	first, err := one.Get(ctx, "a/b")
	ok(w, "KVv1.Get", first, err, fmt.Sprint(first.Data["n"]) == "5")
	w.done("KVv1.Delete", one.Delete(ctx, "a/b"))
	_, err = one.Get(ctx, "a/b")
	ok(w, "KVv1.Get", 0, nil, errors.Is(err, vault.ErrSecretNotFound))

	two := root.KVv2("secret")
	put, err := two.Put(ctx, "ai/openai", map[string]any{"key": "one"}, vault.WithCheckAndSet(0))
	ok(w, "KVv2.Put", put, err, put.VersionMetadata.Version == 1)
	_, err = two.Put(ctx, "ai/openai", map[string]any{}, vault.WithCheckAndSet(0))
	w.fails("KVv2.Put", 400, "check-and-set parameter did not match the current version", err)
	patched, err := two.Patch(ctx, "ai/openai", map[string]any{"org": "o"})
	ok(w, "KVv2.Patch", patched, err, patched.VersionMetadata.Version == 2)
	patched, err = two.Patch(ctx, "ai/openai", map[string]any{"org": "p"}, vault.WithMergeMethod(vault.KVMergeMethodReadWrite))
	ok(w, "KVv2.Patch", patched, err, patched.VersionMetadata.Version == 3)
	_, err = two.Patch(ctx, "ai/none", map[string]any{"a": "b"})
	ok(w, "KVv2.Patch", 0, nil, errors.Is(err, vault.ErrSecretNotFound))
	read, err := two.Get(ctx, "ai/openai")
	ok(w, "KVv2.Get", read, err, read.Data["key"] == "one", read.Data["org"] == "p", !read.VersionMetadata.CreatedTime.IsZero())
	old, err := two.GetVersion(ctx, "ai/openai", 1)
	ok(w, "KVv2.GetVersion", old, err, len(old.Data) == 1)
	back, err := two.Rollback(ctx, "ai/openai", 1)
	ok(w, "KVv2.Rollback", back, err, back.VersionMetadata.Version == 4)
	versions, err := two.GetVersionsAsList(ctx, "ai/openai")
	ok(w, "KVv2.GetVersionsAsList", versions, err, len(versions) == 4)
	w.done("KVv2.Delete", two.Delete(ctx, "ai/openai"))
	gone, err := two.Get(ctx, "ai/openai")
	ok(w, "KVv2.Get", gone, err, gone.Data == nil, !gone.VersionMetadata.DeletionTime.IsZero())
	w.done("KVv2.Undelete", two.Undelete(ctx, "ai/openai", []int{4}))
	w.done("KVv2.DeleteVersions", two.DeleteVersions(ctx, "ai/openai", []int{2}))
	w.done("KVv2.Destroy", two.Destroy(ctx, "ai/openai", []int{1}))
	w.done("KVv2.PutMetadata", two.PutMetadata(ctx, "ai/openai", vault.KVMetadataPutInput{MaxVersions: 7, DeleteVersionAfter: time.Hour, CustomMetadata: map[string]any{"team": "ml"}}))
	most := 9
	w.done("KVv2.PatchMetadata", two.PatchMetadata(ctx, "ai/openai", vault.KVMetadataPatchInput{MaxVersions: &most}))
	metadata, err := two.GetMetadata(ctx, "ai/openai")
	ok(w, "KVv2.GetMetadata", metadata, err, metadata.MaxVersions == 9, metadata.DeleteVersionAfter == time.Hour, metadata.CustomMetadata["team"] == "ml", metadata.Versions["1"].Destroyed)
	w.done("KVv2.DeleteMetadata", two.DeleteMetadata(ctx, "ai/openai"))
}

func logical(w *work, root *vault.Client) {
	ctx := context.Background()
	at := root.Logical()
	written, err := at.Write("kv1/x/y", map[string]any{"a": "1"})
	ok(w, "Logical.Write", written, err, written == nil)
	read, err := at.Read("kv1/x/y")
	ok(w, "Logical.Read", read, err, text(read, "a") == "1", read.MountType == "kv")
	none, err := at.Read("kv1/nothing")
	ok(w, "Logical.Read", none, err, none == nil)
	bytes, err := at.WriteBytes("secret/data/x", []byte(`{"data":{"b":"2"}}`))
	ok(w, "Logical.WriteBytes", bytes, err, text(bytes, "version") == "1")
	version, err := at.ReadWithData("secret/data/x", map[string][]string{"version": {"1"}})
	ok(w, "Logical.ReadWithData", version, err, text(version, "data") == "map[b:2]")
	merged, err := at.JSONMergePatch(ctx, "secret/data/x", map[string]any{"data": map[string]any{"c": "3"}})
	ok(w, "Logical.JSONMergePatch", merged, err, text(merged, "version") == "2")
	listed, err := at.List("kv1/x")
	ok(w, "Logical.List", listed, err, text(listed, "keys") == "[y]")
	for name, call := range map[string]func() (*vault.Response, error){
		"Logical.ReadRaw":         func() (*vault.Response, error) { return at.ReadRaw("kv1/x/y") },
		"Logical.ReadRawWithData": func() (*vault.Response, error) { return at.ReadRawWithData("secret/data/x", nil) },
		"Logical.WriteRaw":        func() (*vault.Response, error) { return at.WriteRaw("kv1/raw", []byte(`{"a":"b"}`)) },
		"Logical.DeleteRaw":       func() (*vault.Response, error) { return at.DeleteRaw("kv1/raw") },
	} {
		raw, err := call()
		ok(w, name, raw, err, raw != nil && raw.StatusCode < http.StatusMultipleChoices)
		if raw != nil {
			_ = raw.Body.Close()
		}
	}
	_, err = at.WriteWithRequest(ctx, vault.NewLogicalWriteRequest("kv1/r", map[string]any{"a": "b"}, nil))
	w.done("Logical.WriteWithRequest", err)
	requested, err := at.ReadWithRequest(ctx, vault.NewLogicalReadRequest("kv1/r", nil, nil))
	ok(w, "Logical.ReadWithRequest", requested, err, text(requested, "a") == "b")
	_, err = at.DeleteWithRequest(ctx, vault.NewDeleteRequest("kv1/r", nil, nil))
	w.done("Logical.DeleteWithRequest", err)
	_, err = at.DeleteWithData("kv1/x/y", nil)
	w.done("Logical.DeleteWithData", err)
	_, err = at.Delete("kv1/nothing")
	w.done("Logical.Delete", err)
	_, err = at.Write("nowhere/x", nil)
	w.row("Logical.Write", refusal(err))
	// It announces SCIM, which no path of Vault's takes either.
	_, err = at.PatchRaw("secret/data/x", []byte(`{"data":{"d":"4"}}`))
	w.fails("Logical.PatchRaw", 415, "PATCH requires Content-Type of application/merge-patch+json", err)
	wrapping(w, root)
	namespace(w, root)
}

func wrapping(w *work, root *vault.Client) {
	wrapper, _ := root.Clone()
	wrapper.SetToken(root.Token())
	wrapper.SetWrappingLookupFunc(func(string, string) string { return "2m" })
	wrapped, err := wrapper.Logical().Write("sys/wrapping/wrap", map[string]any{"a": "b"})
	ok(w, "Logical.Write", wrapped, err, wrapped.WrapInfo.TTL == 120, wrapped.Data == nil)
	opened, err := client("").Logical().Unwrap(wrapped.WrapInfo.Token)
	ok(w, "Logical.Unwrap", opened, err, text(opened, "a") == "b")
	_, err = root.Logical().Unwrap(wrapped.WrapInfo.Token)
	w.fails("Logical.Unwrap", 400, "wrapping token is not valid or does not exist", err)
}

func namespace(w *work, root *vault.Client) {
	_, err := root.Logical().Write("sys/namespaces/team", nil)
	w.done("Logical.Write", err)
	inside := root.WithNamespace("team")
	w.done("Sys.Mount", inside.Sys().Mount("secret", &vault.MountInput{Type: "kv-v2"}))
	put, err := inside.KVv2("secret").Put(context.Background(), "a", map[string]any{"in": "team"})
	ok(w, "KVv2.Put", put, err, put.VersionMetadata.Version == 1)
	_, err = root.Logical().Delete("sys/namespaces/team")
	w.done("Logical.Delete", err)
}

package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	vault "github.com/hashicorp/vault/api"
)

// work runs calls of the module one by one, prints a row for each, and knows which methods were never called.
type work struct {
	called   map[string]bool
	failures []string
	rows     int
}

func (w *work) row(name string, err error) {
	w.rows++
	w.called[name] = true
	if err == nil {
		fmt.Printf("ok | %s | as expected\n", name)
		return
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Printf("!! | %s | %s\n", name, text)
	w.failures = append(w.failures, name+": "+text)
}

// ok prints a row for an answer that has to satisfy every condition.
func ok[T any](w *work, name string, answer T, err error, conditions ...bool) T {
	for index, holds := range conditions {
		if err == nil && !holds {
			err = fmt.Errorf("condition %d does not hold for %+v", index+1, answer)
		}
	}
	w.row(name, err)
	return answer
}

// done prints a row for a call that answers nothing.
func (w *work) done(name string, err error) { w.row(name, err) }

// fails prints a row for a call that has to be refused with this status and these words.
func (w *work) fails(name string, status int, words string, err error) {
	var response *vault.ResponseError
	switch {
	case err == nil:
		err = errors.New("was not refused")
	case errors.As(err, &response) && response.StatusCode == status && strings.Contains(err.Error(), words):
		err = nil
	}
	w.row(name, err)
}

// text is a value of an answer as text, and empty when it is not there.
func text(secret *vault.Secret, key string) string {
	if secret == nil || secret.Data[key] == nil {
		return ""
	}
	return fmt.Sprint(secret.Data[key])
}

func clientToken(secret *vault.Secret) string {
	if secret == nil || secret.Auth == nil {
		return ""
	}
	return secret.Auth.ClientToken
}

// uncalled are the public methods of `owners` that no row names and nothing excuses. A method stands for its twin
// WithContext, which it calls.
func (w *work) uncalled(owners []any, excused func(string) bool) []string {
	var names []string
	for _, owner := range owners {
		kind := reflect.TypeOf(owner)
		for index := range kind.NumMethod() {
			method := kind.Method(index).Name
			if plain, isTwin := strings.CutSuffix(method, "WithContext"); isTwin {
				if _, there := kind.MethodByName(plain); there {
					continue
				}
			}
			name := kind.Elem().Name() + "." + method
			if !w.called[name] && !excused(name) {
				names = append(names, name)
			}
		}
	}
	sort.Strings(names)
	return names
}

func (w *work) end() {
	fmt.Printf("%d rows, %d unexpected\n", w.rows, len(w.failures))
	for _, failure := range w.failures {
		fmt.Println("UNEXPECTED", failure)
	}
	if len(w.failures) > 0 {
		os.Exit(1)
	}
}

// Prints what Go's text/template makes of the cases in formats/go-template/go-cases.json, as the table that the tests
// hold Coffer's own templates against:
//
//	go run tools/go-template-table/main.go < formats/go-template/go-cases.json > formats/go-template/go-results.json
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type answer struct {
	Source     string `json:"source"`
	MissingKey string `json:"missingKey,omitempty"`
	Result     string `json:"result"`
	Fails      bool   `json:"fails,omitempty"`
}

func main() {
	var cases struct {
		Data    any      `json:"data"`
		Sources []string `json:"sources"`
	}
	decoder := json.NewDecoder(os.Stdin)
	decoder.UseNumber()
	if err := decoder.Decode(&cases); err != nil {
		panic(err)
	}
	answers := []answer{}
	for _, source := range cases.Sources {
		missing := "default"
		if strings.HasPrefix(source, "error:") {
			missing, source = "error", strings.TrimPrefix(source, "error:")
		}
		answers = append(answers, run(source, missing, cases.Data))
	}
	out, _ := json.MarshalIndent(map[string]any{"data": cases.Data, "answers": answers}, "", "  ")
	os.Stdout.Write(append(out, '\n'))
}

func run(source, missing string, data any) answer {
	result := answer{Source: source}
	if missing == "error" {
		result.MissingKey = missing
	}
	parsed, err := template.New("main").Option("missingkey=" + missing).Parse(source)
	if err == nil {
		var text bytes.Buffer
		err = parsed.Execute(&text, data)
		result.Result = text.String()
	}
	if err != nil {
		result.Result, result.Fails = "", true
	}
	return result
}

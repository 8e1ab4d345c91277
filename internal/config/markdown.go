package config

import (
	"bytes"
	"fmt"
	"strings"
)

// Markdown is the page of all settings, a table a section; docs/configuration.md is this.
func Markdown() []byte {
	var b bytes.Buffer
	b.WriteString(`# Configuration

Every setting, as the program knows it (` + "`outcrop config --markdown`" + ` writes this page;
` + "`make config`" + ` renews it).

Defaults, then the YAML file of ` + "`--config`" + `, then the environment, then flags; the later wins.
A setting ` + "`server.addr`" + ` stands in the file as ` + "`addr`" + ` below ` + "`server:`" + `, and is the
variable ` + "`OUTCROP_SERVER_ADDR`" + `; further variables are named beside it. Tables and lists of
sections can be set in the file only; ` + "`[]`" + ` stands for an entry of a list, ` + "`[NAME]`" + ` for
one of a table. Durations have units (` + "`30s`" + `), and
so have sizes where the default has one.

` + "```sh" + `
outcrop config [--config FILE]    # what is in force here, and where each value was made
outcrop config --check FILE       # every complaint about a file at once, and exit code 1 if there is one
outcrop config --defaults         # a file of all defaults, to begin with
outcrop config --schema           # JSON Schema, for editors
` + "```" + `
`)
	section := ""
	for _, s := range Reference() {
		if first, _, nested := strings.Cut(s.Name, "."); first != section && nested {
			section = first
			heading(&b, section)
		} else if !nested && section != "translation" {
			section = "translation"
			heading(&b, section)
		}
		env := ""
		for _, name := range s.Env {
			if name != variable(s.Name) {
				env += " `" + name + "`"
			}
		}
		value := s.Default
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |%s |\n", s.Name, value, strings.ReplaceAll(s.Help, "|", `\|`), env)
	}
	return b.Bytes()
}

func heading(b *bytes.Buffer, section string) {
	if section == "translation" {
		section = "settings of the translation, at the top level"
	}
	fmt.Fprintf(b, "\n## %s\n\n| setting | default | what | other variables |\n| --- | --- | --- | --- |\n", section)
}

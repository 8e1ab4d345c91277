package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScanWithConfig(t *testing.T) {
	for _, tt := range []struct{ name, file, want, fails string }{
		{name: "the section decides, the gateway's members are left to it", want: `"text":"m***@e***.org"`,
			file: "server: {x: 1}\nsecurity:\n  profiles: {other: {}}\n  pii_redaction: {enabled: true, entities: [EMAIL], " +
				"action: mask}\n"},
		{name: "nothing is looked for", want: `"findings":[]`, file: "security: {pii_redaction: {enabled: false}}\n"},
		{name: "no section", file: "server: {}\n", fails: "no section security"},
		{name: "a member that nobody knows", file: "security: {pii_redactions: {}}\n", fails: "pii_redactions"},
		{name: "an action that nobody knows", file: "security: {pii_redaction: {enabled: true, action: burn}}\n",
			fails: "burn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "outcrop.yaml")
			if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			cmd := scanCommand()
			cmd.SetContext(context.Background())
			cmd.SetArgs([]string{"--config", path})
			cmd.SetIn(strings.NewReader(`{"text":"mia@example.org"}` + "\n"))
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			err := cmd.Execute()
			switch {
			case tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)):
				t.Errorf("the error does not say %q: %v", tt.fails, err)
			case tt.fails == "" && (err != nil || !strings.Contains(out.String(), tt.want)):
				t.Errorf("got %s, %v", out.String(), err)
			}
		})
	}
	cmd := scanCommand()
	cmd.SetArgs([]string{"--config", filepath.Join(t.TempDir(), "none.yaml")})
	cmd.SetOut(&bytes.Buffer{})
	cmd.SetErr(&bytes.Buffer{})
	if err := cmd.Execute(); err == nil {
		t.Error("a file that is missing was taken")
	}
}

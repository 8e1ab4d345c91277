package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzLoad: whatever a file and an environment hold, Load gives either settings or complaints of one line each, and the
// same ones every time.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "PORT=9\nOUTCROP_API_KEYS=a,b\nOUTCROP_LOGLEVEL=x")
	}
	f.Add("a: &a [*a]\n<<: *a", "HOST=[::]\nOUTCROP_SERVER_BODY_LIMIT=1e9GB")
	f.Add("? {a: b}\n: c\n---\n...", "MAX_RETRY_ATTEMPTS=99999999999999999999")
	f.Fuzz(func(t *testing.T, text, environ string) {
		c, err := load(text, strings.Split(environ, "\n"))
		if (c == nil) == (err == nil) {
			t.Fatalf("settings %v and error %v", c, err)
		}
		for _, line := range complaints(err) {
			if line == "" || strings.ContainsAny(line, "\r\x1b\x00") {
				t.Fatalf("complaint %q", line)
			}
		}
		again, err2 := load(text, strings.Split(environ, "\n"))
		if diff := cmp.Diff(complaints(err), complaints(err2)); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

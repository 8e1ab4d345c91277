package main_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestMendE9AKeySeesTheTargetsThatItMayUse: what others call is nobody else's to know.
func TestMendE9AKeySeesTheTargetsThatItMayUse(t *testing.T) {
	env := []string{"OUTCROP_STATE=" + filepath.Join(t.TempDir(), "keys.db")}
	all, _ := made(t, env)
	narrow, _ := made(t, env, "--models", "amazon.nova-lite*")
	r := start(t, env, "serve", "--offline", "--addr", "127.0.0.1:0")
	for _, model := range []string{"amazon.nova-lite-v1:0", "amazon.nova-pro-v1:0"} {
		if status, _, body := called(t, r.url+"/v1/chat/completions", all, asksFor(model)); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	for key, want := range map[string]bool{all: true, narrow: false} {
		status, _, body := called(t, r.url+"/v1/outcrop/targets", key, "")
		if status != 200 || !strings.Contains(body, "nova-lite") || strings.Contains(body, "nova-pro") != want {
			t.Errorf("a key of all models: %v: %d %s", want, status, body)
		}
	}
}

package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"outcrop/internal/access/keys"
	"outcrop/internal/audit"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/media"
	"outcrop/internal/pipeline"
)

// TestMendD5RefusedCallersAreOnRecord: with their address, and whose key it was where that is known; of others no
// address is kept.
func TestMendD5RefusedCallersAreOnRecord(t *testing.T) {
	l := newLedger(t, audit.Config{MaxBytes: 1 << 20, SealEvery: time.Hour, Queue: 100}, nil)
	secret, hash := keys.Secret()
	with := collaborators(obedient)
	with.Gate = keys.NewGate(
		keys.Config{Keys: []keys.Configured{{Name: "narrow", Hash: hash, Endpoints: []string{"models"}}}}, nil,
		keys.NewAttempts(100))
	with.Audit = l.Log
	url := start(t, config(), with)
	requested(t, "POST", url+"/v1/chat/completions", small, "authorization", "Bearer wrong", "content-type",
		"application/json")
	requested(t, "POST", url+"/v1/chat/completions", small, "authorization", "Bearer "+secret, "content-type",
		"application/json")
	requested(t, "GET", url+"/v1/models", "", "authorization", "Bearer "+secret)
	got := map[int]audit.Record{}
	for _, r := range l.records(t) {
		got[r.Status] = r
	}
	if r := got[401]; r.From != "127.0.0.1" || r.Key != "" {
		t.Errorf("a wrong key: %+v", r)
	}
	if r := got[403]; r.From != "127.0.0.1" || r.Key != "config:narrow" {
		t.Errorf("a key for something else: %+v", r)
	}
	if r, ok := got[200]; !ok || r.From != "" {
		t.Errorf("who is answered: %+v", r)
	}
}

// TestMendC6AnImageOverHTTPSaysWhy: of the reasons why an image is not fetched only that of the client's own URL is
// told.
func TestMendC6AnImageOverHTTPSaysWhy(t *testing.T) {
	download := func(fault error) func(*pipeline.Collaborators) {
		return func(c *pipeline.Collaborators) {
			c.Download = func(context.Context, string, func(string) bool) (media.Item, error) { return media.Item{}, fault }
		}
	}
	f, err := media.New(media.Config{MaxBytes: 1 << 20, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	fetching := func(c *pipeline.Collaborators) { c.Download = f.GetWithin }
	for name, tt := range map[string]struct {
		with func(*pipeline.Collaborators)
		url  string
		says bool
	}{
		"http":                        {fetching, "http://example.com/a.png", true},
		"an address inside":           {fetching, "https://127.0.0.1/a.png", false},
		"a redirect that leads there": {download(media.ErrNoTLS), "https://example.com/a.png", false},
		"another fault":               {download(errors.New("secret.internal refused")), "http://example.com/a.png", false},
	} {
		h := build(t, config(), offline.Config{}, tt.with)
		status, _, body := h.chat(t,
			`{"model":"`+nova+`","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"`+tt.url+`"}}]}]}`)
		if status != 400 || !strings.Contains(body, "invalid_image_url") ||
			strings.Contains(body, "https, or send the bytes as a data URL") != tt.says || strings.Contains(body, "internal") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

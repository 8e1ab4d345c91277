package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/media"
	"outcrop/internal/pipeline"
)

// TestFetchedImages asks about images that a loopback host has, which only this test's settings allow.
func TestFetchedImages(t *testing.T) {
	var drawn bytes.Buffer
	if err := png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path != "/cat.png" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("content-type", "image/jpeg") // wrong, as many hosts are
		_, _ = w.Write(drawn.Bytes())
	}))
	defer host.Close()
	fetching := func(cfg media.Config) func(*pipeline.Collaborators) {
		cfg.MaxBytes, cfg.Timeout = 4_718_592, 10*time.Second
		f, err := media.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return func(c *pipeline.Collaborators) { c.Download = f.GetWithin }
	}
	open := build(t, config(), offline.Config{},
		fetching(media.Config{AllowHTTP: true, AllowPrivate: []string{"127.0.0.1/32"}}))
	careful := build(t, config(), offline.Config{}, fetching(media.Config{AllowHTTP: true}))
	off := build(t, config(), offline.Config{})

	about := func(model, path, rest string) string {
		part := fmt.Sprintf(`{"type":"image_url","image_url":{"url":%q}}`, host.URL+path)
		return `{"model":"` + model + `","messages":[{"role":"user","content":[{"type":"text","text":"What is it?"},` + part +
			"," + part + `]}]` + rest + `}`
	}
	for _, rest := range []string{"", `,"stream":true`, `,"n":2`} {
		t.Run("R-PART-04 the image reaches Bedrock, fetched once"+rest, func(t *testing.T) {
			asked.Store(0)
			status, _, body := open.chat(t, about(nova, "/cat.png", rest))
			if status != 200 || asked.Load() != 1 {
				t.Fatalf("%d after %d downloads: %.300s", status, asked.Load(), body)
			}
			want := `{"image":{"format":"png","source":{"bytes":"` + base64.StdEncoding.EncodeToString(drawn.Bytes()) + `"}}}`
			if n := strings.Count(*open.sent.Load(), want); n != 2 {
				t.Errorf("%d images in %.400s", n, *open.sent.Load())
			}
		})
	}
	for _, tt := range []struct {
		name         string
		h            *house
		model, path  string
		rest         string
		status       int
		code, param  string
		mostRequests int64
	}{
		{"R-ERR-72 a host without it", open, nova, "/dog.png", "", 400, "invalid_image_url",
			"messages[0].content[1].image_url.url", 1},
		{"R-ERR-72 streamed", open, nova, "/dog.png", `,"stream":true`, 400, "invalid_image_url",
			"messages[0].content[1].image_url.url", 1},
		{"R-PART-05 loopback", careful, nova, "/cat.png", "", 400, "invalid_image_url",
			"messages[0].content[1].image_url.url", 0},
		{"R-PART-04 media.fetch: false", off, nova, "/cat.png", "", 400, "invalid_image_url",
			"messages[0].content[1].image_url.url", 0},
		{"R-REQ-05 an invalid request", open, nova, "/cat.png", `,"logprobs":true`, 400, "unsupported_parameter",
			"logprobs", 0},
		{"R-REQ-05 an unknown model", open, "no-such-model", "/cat.png", "", 404, "model_not_found", "model", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked.Store(0)
			tt.h.sent.Store(nil)
			status, _, body := tt.h.chat(t, about(tt.model, tt.path, tt.rest))
			var got broken
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if status != tt.status || got.Error["code"] != tt.code || got.Error["param"] != tt.param {
				t.Errorf("%d %s", status, body)
			}
			if tt.code == "invalid_image_url" && got.Error["message"] != "Error while downloading "+host.URL+tt.path+"." {
				t.Errorf("the message says %v", got.Error["message"])
			}
			if asked.Load() != tt.mostRequests || tt.h.sent.Load() != nil {
				t.Errorf("%d downloads, Bedrock was sent %v", asked.Load(), tt.h.sent.Load())
			}
		})
	}
	if !strings.Contains(careful.logs.text(), "is not allowed") {
		t.Errorf("the log does not say why: %s", careful.logs.text())
	}
}

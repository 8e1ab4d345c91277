package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"outcrop/internal/attempt"
	"outcrop/internal/bedrock"
	"outcrop/internal/catalog"
	"outcrop/internal/pipeline"
	"outcrop/router"
	"outcrop/server"
)

// A golden folder below testdata/exchanges is one request through the whole gateway, in the form of the wire on both
// sides. The test writes bedrock_request.http (the last call of a model, with its host), openai_reply.http and the
// calls of outcome.json; the rest is by hand: openai_request.http, bedrock_reply.http (for each try; an event stream is
// the list of its events), and bedrock_models.json and bedrock_profiles.json, which are what AWS lists.

// update rewrites the golden files instead of comparing with them: go test ./server -run Golden -update.
var update = flag.Bool("update", false, "rewrite the golden files")

// exchange is outcome.json of a golden folder.
type exchange struct {
	Rules  []string        `json:"rules"`
	Router json.RawMessage `json:"router,omitempty"` // of type router.Config
	Calls  int             `json:"calls"`            // tries that Bedrock saw
}

// theDay is the clock of the golden folders: some models are past their end, and others have it before them.
var theDay = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func TestGoldenExchanges(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("testdata", "exchanges", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no golden folders: %v", err)
	}
	known := catalog.Default()
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the pauses between tries take no time
				time.Sleep(time.Until(theDay))
				playGolden(t, dir, known)
			})
		})
	}
}

func playGolden(t *testing.T, dir string, known *catalog.Catalog) {
	var is exchange
	var settings router.Config
	if err := json.Unmarshal(hand(t, dir, "outcome.json"), &is); err != nil || len(is.Rules) == 0 {
		t.Fatalf("which rules does it prove? %v", err)
	}
	if is.Router != nil {
		d := json.NewDecoder(bytes.NewReader(is.Router))
		d.DisallowUnknownFields()
		if err := d.Decode(&settings); err != nil {
			t.Fatal(err)
		}
	}
	is.Calls = 0
	far := &farAWS{t: t, dir: dir, calls: &is.Calls}
	const region = "us-east-1"
	b, err := bedrock.From(t.Context(), aws.Config{ // whatever the environment says
		Region: region, HTTPClient: far, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")},
		bedrock.Default())
	if err != nil {
		t.Fatal(err)
	}
	routes, err := router.NewLive(settings, known, region)
	if err != nil {
		t.Fatal(err)
	}
	if far.has("bedrock_models.json") {
		now, err := b.Listing(t.Context())
		if err == nil {
			err = routes.Refresh(now)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	with := collaborators(nil)
	with.Models = routes
	with.Handle = pipeline.New(pipeline.Config{Deadline: 5 * time.Minute, EmbeddingCalls: 8}, pipeline.Collaborators{
		Recorder: with.Recorder, Router: routes, Catalog: known, Profiles: b, Version: "test",
		Services: func(t catalog.Target) (attempt.Service, error) { return b.For(t) },
	})
	l := listen()
	serve(t, server.New(config(), with), l)
	golden(t, filepath.Join(dir, "openai_reply.http"), throughWire(t, l, hand(t, dir, "openai_request.http")))
	if far.last != nil {
		golden(t, filepath.Join(dir, "bedrock_request.http"), far.last)
	} else if far.has("bedrock_request.http") {
		t.Error("bedrock_request.http exists, but Bedrock was not called")
	}
	out, err := json.MarshalIndent(is, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join(dir, "outcome.json"), out)
}

// throughWire sends a request and gives the reply, without what is different every time.
func throughWire(t *testing.T, l *pipes, request []byte) []byte {
	t.Helper()
	c := l.dial()
	defer c.Close()
	head, body, _ := bytes.Cut(request, []byte("\n\n"))
	wire := strings.ReplaceAll(string(head), "\n", "\r\n") + fmt.Sprintf("\r\ncontent-length: %d\r\n\r\n%s",
		len(body), body)
	go func() { _, _ = io.WriteString(c, wire) }()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	res.Header.Del("date")
	res.Header.Del("content-length")
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %s\n", res.Status)
	_ = res.Header.Write(&b) // to memory
	return accidental.ReplaceAll(append(append(bytes.ReplaceAll(b.Bytes(), []byte("\r\n"), []byte("\n")), '\n'),
		text(t, res.Body)...), []byte("${1}…"))
}

var accidental = regexp.MustCompile(`(chatcmpl-|\breq_|Openai-Processing-Ms: )[0-9A-Za-z]+`)

// hand reads a file that is written by hand.
func hand(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b, []byte("\n"))
}

// golden compares got with the file, or writes it under -update. Of white space only a final line feed is forgiven.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, append(bytes.TrimSuffix(got, []byte("\n")), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := hand(t, filepath.Dir(path), filepath.Base(path)); !bytes.Equal(want, bytes.TrimSuffix(got, []byte("\n"))) {
		t.Errorf("%s differs\n got %s\nwant %s", path, got, want)
	}
}

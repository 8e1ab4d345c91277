package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/internal/bedrock"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/internal/test/wiretest"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// The tests of this package (files wire_*_test.go) look at the translation from outside: what it makes goes through the
// real client of Bedrock to the embedded Bedrock, which shares no code with it and judges.

// wire carries the calls of Bedrock's client without a socket, and keeps the body of the last.
type wire struct {
	answer http.Handler
	read   func(io.Reader) io.ReadCloser // how the reply arrives; nil is all at once
	body   []byte
}

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.body = nil
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		w.body = b
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(w.body))
	rec := httptest.NewRecorder()
	w.answer.ServeHTTP(rec, r)
	res := rec.Result()
	if w.read != nil {
		res.Body = w.read(rec.Body)
	}
	return res, nil
}

// judge is a Bedrock that says what it thinks of a request.
type judge struct {
	*wire
	client *bedrock.Client
}

// strictBedrock is the embedded Bedrock.
func strictBedrock(t testing.TB) *judge {
	t.Helper()
	models, err := os.ReadFile(filepath.Join(wiretest.Root(t), "internal", "catalog", "models.json"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := offline.New(offline.Config{Models: models})
	if err != nil {
		t.Fatal(err)
	}
	return bedrockOf(t, s)
}

// bedrockOf is a client of the handler.
func bedrockOf(t testing.TB, h http.Handler) *judge {
	t.Helper()
	for _, name := range []string{"AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_MAX_ATTEMPTS", "AWS_ENDPOINT_URL",
		"AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_CA_BUNDLE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	w := &wire{answer: h}
	cfg := bedrock.Default()
	cfg.MaxAttempts = 1
	b, err := bedrock.New(t.Context(), cfg, func(o *config.LoadOptions) error {
		o.Region, o.BaseEndpoint, o.HTTPClient = "us-east-1", "http://bedrock.test", w
		o.Credentials = credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "SECRETEXAMPLE", "")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.For(catalog.Target{Row: &catalog.Model{}})
	if err != nil {
		t.Fatal(err)
	}
	return &judge{w, c}
}

// converse sends a request as Converse and gives the answer.
func (j *judge) converse(ctx context.Context, in *bedrockruntime.ConverseInput,
	c *chat.Context) (*openai.ChatResponse, error) {
	out, err := j.client.Converse(ctx, in)
	if err != nil {
		return nil, err
	}
	r, _, err := chat.Output(out, c, testMeta)
	return r, err
}

// stream sends a request as ConverseStream and gives the chunks.
func (j *judge) stream(ctx context.Context, in *bedrockruntime.ConverseInput, c *chat.Context) ([]openai.Part, error) {
	_, events, err := j.client.ConverseStream(ctx, c.StreamInput(in))
	if err != nil {
		return nil, err
	}
	var parts []openai.Part
	for p, err := range chat.Chunks(events, c, testMeta) {
		if err != nil {
			return parts, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// send sends the request by the operation that the pipeline takes (R-PAR-03, R-STR-20).
func (j *judge) send(ctx context.Context, in *bedrockruntime.ConverseInput, c *chat.Context, row *catalog.Model,
	stream bool) error {
	if stream && streams(in, row) {
		_, err := j.stream(ctx, in, c)
		return err
	}
	_, err := j.converse(ctx, in, c)
	return err
}

func streams(in *bedrockruntime.ConverseInput, row *catalog.Model) bool {
	return row.Caps.Streaming != catalog.No && (in.ToolConfig == nil || row.Caps.StreamingTools != catalog.No)
}

// complaint is what Bedrock says against a request, "" when it takes it. Any other failure ends the test.
func complaint(t testing.TB, err error) string {
	t.Helper()
	var invalid *types.ValidationException
	var access *types.AccessDeniedException
	switch {
	case err == nil:
		return ""
	case errors.As(err, &invalid):
		return invalid.ErrorMessage()
	case errors.As(err, &access):
		return access.ErrorMessage() // the form that a refused cache point takes on some families
	}
	t.Fatalf("%+v", err)
	return ""
}

var testMeta = translate.Meta{ID: "chatcmpl-test", Model: "m", Created: 1764000000, Fingerprint: "fp_test"}

// aim is where a call for the model goes.
func aim(t testing.TB, model string) catalog.Target {
	t.Helper()
	to, err := catalog.Default().Resolve(model, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// way takes a body through the whole way in.
func way(body []byte, to catalog.Target, o translate.Options) (*openai.ChatRequest, *bedrockruntime.ConverseInput,
	chat.Context, *openai.Error) {
	req, fault := openai.DecodeChat(body)
	if fault != nil {
		return nil, nil, chat.Context{}, fault
	}
	if fault := openai.Validate(req); fault != nil {
		return req, nil, chat.Context{}, fault
	}
	in, c, err := chat.Input(req, to, o)
	if err != nil {
		var fault *openai.Error
		if !errors.As(err, &fault) {
			fault = &openai.Error{Message: "no *openai.Error: " + err.Error()}
		}
		return req, nil, c, fault
	}
	return req, in, c, nil
}

type object = map[string]any

func mustMarshal(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// parseJSON keeps the digits of numbers.
func parseJSON(t testing.TB, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %.300s", err, b)
	}
	return v
}

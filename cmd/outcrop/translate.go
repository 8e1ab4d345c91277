package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/spf13/cobra"

	"outcrop/internal/attempt"
	"outcrop/internal/bedrock"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/config"
	"outcrop/internal/dialect"
	"outcrop/internal/pipeline"
	"outcrop/internal/telemetry"
	"outcrop/openai"
)

// translation is what the command line says to translate.
type translation struct {
	source config.Source
	model  string
	region string
	strict bool
	reply  bool
}

func translateCommand() *cobra.Command {
	var t translation
	cmd := &cobra.Command{
		Use:   "translate [--model M] < request.json",
		Short: "Show the Bedrock call that a request becomes, without calling anything",
		Long: `Read an OpenAI request (chat, Responses, completions or embeddings) from standard input and print
the Bedrock calls that it becomes: operation, model id, path, body, and what was adjusted. Nothing
is called.

With --reply, do the way back: print the OpenAI answer that a Bedrock reply becomes. The reply is a
file, or standard input when no file is named: the JSON body of a Converse reply, or a list of
stream events [{"type":"messageStart","payload":{…}}, …]. With a file, the request that it answers
is read from standard input.

  outcrop translate --model amazon.nova-lite-v1:0 < request.json
  outcrop translate --reply reply.json < request.json
  outcrop translate --reply --model amazon.nova-lite-v1:0 < reply.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t.source.Environ = os.Environ()
			return t.run(cmd, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&t.source.Path, "config", "", "configuration file (YAML), for its aliases")
	f.StringVar(&t.model, "model", "", "model to use in place of the request's")
	f.StringVar(&t.region, "region", "", "region of the gateway (default: of the configuration, else us-east-1)")
	f.BoolVar(&t.strict, "strict", false, "as with the header x-outcrop-strict: true")
	f.BoolVar(&t.reply, "reply", false, "translate a Bedrock reply into the OpenAI answer")
	return cmd
}

// run sends the request through the pipeline of a gateway whose connection to Bedrock ends here.
func (t *translation) run(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && !t.reply {
		return errors.New("a file goes with --reply; the request is read from standard input")
	}
	input, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return err
	}
	end := &deadEnd{}
	if t.reply {
		text := input
		if len(args) > 0 {
			if text, err = os.ReadFile(args[0]); err != nil {
				return err
			}
		} else if t.model == "" {
			return errors.New("--reply needs --model, or the request on standard input and the reply in a file")
		}
		if end.given, err = readReply(text); err != nil {
			return err
		}
		if len(args) == 0 {
			const request = `{"messages":[{"role":"user","content":"."}],"stream":%t}`
			input = fmt.Appendf(nil, request, end.given.contentType != jsonType)
		}
	}
	got, err := t.ask(cmd.Context(), withModel(input, t.model), end)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if t.reply || len(end.calls) == 0 {
		if got.adjusted != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), "x-outcrop-adjusted:", got.adjusted)
		}
		fmt.Fprintln(out, strings.TrimSpace(string(got.body)))
		if got.status != http.StatusOK {
			return fmt.Errorf("the gateway answers %d", got.status)
		}
		return nil
	}
	for _, call := range end.calls {
		// Not through an encoder: it would fold the white space of schemas, which goes out as the client sent it.
		fmt.Fprintf(out, `{"operation":%q,"model_id":%q,"path":%q,"body":%s,"adjusted":%q}`+"\n",
			call.operation, call.modelID, call.path, call.body, got.adjusted)
	}
	return nil
}

// withModel puts the model into a request: of duplicate members the last counts (R-REQ-01), and every other byte stays.
func withModel(request []byte, model string) []byte {
	trimmed := bytes.TrimRight(request, " \t\r\n")
	if model == "" || !bytes.HasSuffix(trimmed, []byte("}")) {
		return request
	}
	name, _ := json.Marshal(model) // a string never fails
	open := bytes.TrimRight(trimmed[:len(trimmed)-1], " \t\r\n")
	comma := ","
	if bytes.HasSuffix(open, []byte("{")) {
		comma = ""
	}
	return fmt.Appendf(nil, `%s%s"model":%s}`, open, comma, name)
}

// answer is what a client would get.
type answer struct {
	status   int
	adjusted string
	body     []byte
}

// ask gives the answer to a request whose calls of Bedrock all come to the end.
func (t *translation) ask(ctx context.Context, request []byte, end *deadEnd) (*answer, error) {
	cfg, err := config.Load(t.source)
	if err != nil {
		return nil, err
	}
	cfg.Requests.EmbeddingCalls = 1 // in order
	settings := bedrock.Default()
	settings.MaxAttempts = 1
	settings.Region = cmp.Or(t.region, cfg.Bedrock.Region, "us-east-1")
	client := embedded(settings.Region)
	client.HTTPClient = end
	b, err := bedrock.From(ctx, client, settings)
	if err != nil {
		return nil, err
	}
	models, err := routes(cfg, b.Region())
	if err != nil {
		return nil, err
	}
	rec := telemetry.New()
	inspecting, err := guards(&cfg.Security, b, rec)
	if err != nil {
		return nil, err
	}
	handle := pipeline.New(pipeline.Config(cfg.Requests), pipeline.Collaborators{
		Recorder: rec, Router: models, Catalog: models, Leads: models.Leads, Profiles: b, Version: currentVersion(),
		Guards:   inspecting,
		Services: func(t catalog.Target) (attempt.Service, error) { return b.For(t) },
	})
	endpoint, speaks := spoken(request)
	call := &call.Call{ID: rand.Text(), At: time.Now(), Endpoint: endpoint, Options: options(cfg)}
	call.Options.Strict = t.strict
	got := &answer{status: http.StatusOK}
	if err := got.write(ctx, handle, call, speaks, request); err != nil {
		id := "req_" + call.ID
		fault := dialect.Known(err, id)
		if call.Request != nil {
			fault = dialect.Helpful(fault, call.Request.Facts().Model, func() []string { return modelsOf(models) })
		}
		got.status, got.body = speaks.Status(fault), speaks.Fail(nil, fault, id)
	}
	return got, nil
}

// write writes what the call is answered. Its error is one that comes before the first event.
func (a *answer) write(
	ctx context.Context, handle call.Handler, call *call.Call, speaks *dialect.Dialect, body []byte,
) error {
	var bad *openai.Error
	if call.Request, bad = speaks.Decode(body, nil); bad != nil {
		return bad
	}
	reply, err := handle(ctx, call)
	a.adjusted = dialect.Adjusted(call.Request, &reply.Head.Adjusted)
	if err != nil {
		return err
	}
	said := dialect.Call{ID: call.ID, At: call.At, Now: time.Now}
	var events dialect.Stream
	if call.Request.Facts().Stream {
		events = speaks.Stream(call.Request, said)
	}
	for part, err := range reply.Parts {
		switch {
		case err != nil && a.body == nil:
			return err
		case err != nil:
			a.body = events.AppendFail(a.body, dialect.Known(err, call.ID))
			return nil
		case events != nil:
			a.body = events.AppendPart(a.body, part)
		default:
			a.body = speaks.Plain(a.body, call.Request, said, part)
		}
	}
	if events != nil {
		a.body = events.AppendEnd(a.body)
	}
	return nil
}

// spoken is the endpoint that a body is for, and how it speaks.
func spoken(request []byte) (*call.Endpoint, *dialect.Dialect) {
	d := dialect.Recognise(request)
	return map[*dialect.Dialect]*call.Endpoint{
		dialect.Chat: pipeline.ChatCompletions, dialect.Responses: pipeline.Responses,
		dialect.Completions: pipeline.Completions, dialect.Embeddings: pipeline.Embeddings,
	}[d], d
}

// bedrockCall is a call as it would have gone out.
type bedrockCall struct {
	operation, modelID, path string
	body                     []byte
}

// deadEnd is where calls to Bedrock end: it keeps them, and gives the reply it was given, else one that nobody sees.
type deadEnd struct {
	mu    sync.Mutex
	calls []bedrockCall
	given *reply
}

// ignored are the replies to calls whose answer is not shown, by their operations. They are whole: if one choice of
// several failed, the calls for the others would not be made.
var ignored = map[string]string{
	"Converse": `{"output":{"message":{"role":"assistant","content":[{"text":"."}]}},"stopReason":"end_turn"}`,
	"ConverseStream": `[{"type":"messageStart","payload":{"role":"assistant"}},` +
		`{"type":"messageStop","payload":{"stopReason":"end_turn"}}]`,
	"InvokeModel": "{}",
}

// reply is one of Bedrock's.
type reply struct {
	contentType string
	body        []byte
}

const jsonType = "application/json"

// readReply reads the body of a reply, or a list of events.
func readReply(text []byte) (*reply, error) {
	trimmed := bytes.TrimSpace(text)
	if !json.Valid(trimmed) {
		return nil, errors.New("the reply is not JSON")
	}
	if trimmed[0] != '[' {
		return &reply{jsonType, text}, nil
	}
	var events []struct {
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(trimmed, &events); err != nil {
		return nil, fmt.Errorf("the list of events: %w", err)
	}
	var frames bytes.Buffer
	encoder := eventstream.NewEncoder()
	for _, e := range events {
		kind, typeHeader := "event", ":event-type"
		if strings.HasSuffix(e.Type, "Exception") {
			kind, typeHeader = "exception", ":exception-type"
		}
		err := encoder.Encode(&frames, eventstream.Message{Payload: e.Payload, Headers: eventstream.Headers{
			{Name: ":message-type", Value: eventstream.StringValue(kind)},
			{Name: typeHeader, Value: eventstream.StringValue(e.Type)},
			{Name: ":content-type", Value: eventstream.StringValue(jsonType)},
		}})
		if err != nil {
			return nil, err
		}
	}
	return &reply{"application/vnd.amazon.eventstream", frames.Bytes()}, nil
}

// operations are the last segments of Bedrock's paths.
var operations = map[string]string{"converse": "Converse", "converse-stream": "ConverseStream", "invoke": "InvokeModel"}

// Do implements the SDK's client of HTTP.
func (d *deadEnd) Do(r *http.Request) (*http.Response, error) {
	path := r.URL.EscapedPath()
	i := strings.LastIndexByte(path, '/')
	operation := operations[path[i+1:]]
	if operation == "" { // a look-up on the control plane, say
		return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody}, nil
	}
	id, badID := url.PathUnescape(strings.TrimPrefix(path[:i], "/model/"))
	body, badBody := io.ReadAll(r.Body)
	with := d.given
	if with == nil {
		with, _ = readReply([]byte(ignored[operation])) // they can be read
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, bedrockCall{operation, id, path, body})
	res := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {with.contentType}},
		Body: io.NopCloser(bytes.NewReader(with.body))}
	return res, errors.Join(badID, badBody)
}

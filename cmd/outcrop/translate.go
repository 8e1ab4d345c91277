package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/spf13/cobra"

	"outcrop/internal/bedrock"
	"outcrop/internal/config"
	"outcrop/internal/telemetry"
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
		Long: `Read an OpenAI request (chat or embeddings) from standard input and print the Bedrock calls that it becomes: operation,
model id, path, body, and what was adjusted. Nothing is called.

With --reply, do the way back: print the OpenAI answer that a Bedrock reply becomes. The reply is a file, or standard input
when no file is named: the JSON body of a Converse reply, or a list of stream events [{"type":"messageStart","payload":{…}}, …].
With a file, the request that it answers is read from standard input.

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

// run sends the request through a whole gateway whose connection to Bedrock ends here.
func (t *translation) run(cmd *cobra.Command, args []string) error {
	if len(args) > 0 && !t.reply {
		return errors.New("a file goes with --reply; the request is read from standard input")
	}
	input, err := io.ReadAll(cmd.InOrStdin())
	if err != nil {
		return err
	}
	end := &deadEnd{contentType: "application/json", body: []byte("{}")} // no reply: what comes back is an error that nobody sees
	if t.reply {
		reply := input
		if len(args) > 0 {
			if reply, err = os.ReadFile(args[0]); err != nil {
				return err
			}
		} else if t.model == "" {
			return errors.New("--reply needs --model, or the request on standard input and the reply in a file")
		}
		if err := end.answer(reply); err != nil {
			return err
		}
		if len(args) == 0 {
			input = fmt.Appendf(nil, `{"messages":[{"role":"user","content":"."}],"stream":%t}`, end.streamed)
		}
	}
	status, header, body, err := t.send(cmd.Context(), withModel(input, t.model), end)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if t.reply || len(end.calls) == 0 {
		if adjusted := header.Get("x-outcrop-adjusted"); adjusted != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), "x-outcrop-adjusted:", adjusted)
		}
		fmt.Fprintln(out, strings.TrimSpace(string(body)))
		if status != http.StatusOK {
			return fmt.Errorf("the gateway answers %d", status)
		}
		return nil
	}
	for _, call := range end.calls {
		// Not through an encoder: it would fold the white space of schemas, which goes out as the client sent it.
		fmt.Fprintf(out, `{"operation":%q,"model_id":%q,"path":%q,"body":%s,"adjusted":%q}`+"\n",
			call.operation, call.modelID, call.path, call.body, header.Get("x-outcrop-adjusted"))
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

// send posts the request to a gateway on a loopback port.
func (t *translation) send(ctx context.Context, request []byte, end *deadEnd) (int, http.Header, []byte, error) {
	cfg, err := config.Load(t.source)
	if err != nil {
		return 0, nil, nil, err
	}
	cfg.Access = config.Access{}
	cfg.Requests.EmbeddingCalls = 1 // in order
	cfg.Media.Fetch = false         // nothing is called, media hosts included
	settings := bedrock.Default()
	settings.MaxAttempts = 1
	settings.Region = firstOf(t.region, cfg.Bedrock.Region, "us-east-1")
	upstream, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, nil, err
	}
	ended := make(chan error, 1)
	local, cancel := context.WithCancel(ctx)
	go func() { ended <- serveHTTP(local, end, upstream) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			fmt.Fprintln(os.Stderr, "outcrop:", err)
		}
	}()
	b, err := bedrock.From(ctx, embedded(upstream.Addr(), settings.Region), settings)
	if err != nil {
		return 0, nil, nil, err
	}
	g, err := newGateway(cfg, b, telemetry.New(), slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, nil, nil, err
	}
	defer g.close()
	gateway, err := g.server()
	if err != nil {
		return 0, nil, nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, nil, err
	}
	served := make(chan error, 1)
	go func() { served <- gateway.Serve(l) }()
	status, header, body, err := post(ctx, "http://"+l.Addr().String()+prefix(cfg)+endpointOf(request), request, t.strict)
	return status, header, body, errors.Join(err, gateway.Stop(ctx), <-served)
}

func firstOf(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func endpointOf(request []byte) string {
	var members struct{ Messages, Input json.RawMessage }
	if json.Unmarshal(request, &members) == nil && members.Messages == nil && members.Input != nil {
		return "/embeddings"
	}
	return "/chat/completions"
}

func post(ctx context.Context, to string, request []byte, strict bool) (int, http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(request))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header.Set("content-type", "application/json")
	if strict {
		req.Header.Set("x-outcrop-strict", "true")
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, res.Header, body, err
}

// bedrockCall is a call as it would have gone out.
type bedrockCall struct {
	operation, modelID, path string
	body                     []byte
}

// deadEnd is where calls to Bedrock end: it keeps them, and gives the reply it was told to give, or none.
type deadEnd struct {
	mu          sync.Mutex
	calls       []bedrockCall
	contentType string
	body        []byte
	streamed    bool
}

// answer reads what is to be replied.
func (d *deadEnd) answer(reply []byte) error {
	d.contentType, d.body = "application/json", reply
	trimmed := bytes.TrimSpace(reply)
	if !json.Valid(trimmed) {
		return errors.New("the reply is not JSON")
	}
	if trimmed[0] != '[' {
		return nil
	}
	var events []struct {
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload"`
	}
	if err := json.Unmarshal(trimmed, &events); err != nil {
		return fmt.Errorf("the list of events: %w", err)
	}
	var frames bytes.Buffer
	encoder := eventstream.NewEncoder()
	for _, e := range events {
		kind, typeHeader := "event", ":event-type"
		if strings.HasSuffix(e.Type, "Exception") {
			kind, typeHeader = "exception", ":exception-type"
		}
		err := encoder.Encode(&frames, eventstream.Message{Payload: e.Payload, Headers: eventstream.Headers{
			{Name: ":message-type", Value: eventstream.StringValue(kind)}, {Name: typeHeader, Value: eventstream.StringValue(e.Type)},
			{Name: ":content-type", Value: eventstream.StringValue("application/json")},
		}})
		if err != nil {
			return err
		}
	}
	d.contentType, d.body, d.streamed = "application/vnd.amazon.eventstream", frames.Bytes(), true
	return nil
}

// operations are the last segments of Bedrock's paths.
var operations = map[string]string{"converse": "Converse", "converse-stream": "ConverseStream", "invoke": "InvokeModel"}

func (d *deadEnd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	i := strings.LastIndexByte(path, '/')
	id, badID := url.PathUnescape(strings.TrimPrefix(path[:i], "/model/"))
	body, badBody := io.ReadAll(r.Body)
	operation := operations[path[i+1:]]
	if badID != nil || badBody != nil || operation == "" { // a look-up on the control plane, say
		w.WriteHeader(http.StatusNotFound)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, bedrockCall{operation, id, path, body})
	w.Header().Set("content-type", d.contentType)
	_, _ = w.Write(d.body)
}

package chat_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/smithy-go/eventstream"

	"outcrop/openai"
	"outcrop/translate"
)

// FuzzAcceptedByBedrock takes any body that decodes to any live model: what is translated is byte-identical when it is
// translated again, and the embedded Bedrock takes it.
func FuzzAcceptedByBedrock(f *testing.F) {
	j := strictBedrock(f)
	models, roll := live(f, j), newDice(f, j)
	bodies, err := filepath.Glob(filepath.Join("testdata", "golden", "*", "openai_request.json"))
	if err != nil || len(bodies) == 0 {
		f.Fatal("no golden requests")
	}
	for i, path := range bodies {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, uint16(i))
	}
	for seed := range uint64(40) {
		d := roll(seed)
		which := d.IntN(len(models))
		f.Add(mustMarshal(f, d.request(models[which].Row)), uint16(which))
	}
	f.Fuzz(func(t *testing.T, body []byte, which uint16) {
		to := models[int(which)%len(models)]
		o := translate.Options{DeclareHistory: which&0x8000 > 0, NeutralNames: which&0x4000 > 0}
		first, complained, fault := j.sent(t, body, to, o)
		if fault != nil {
			if fault.Kind != openai.Invalid || fault.Code == "" {
				t.Errorf("%+v", fault)
			}
			return
		}
		if complained != "" {
			t.Errorf("R-RPL-13 %s: %s\n%s", to.Row.ID, complained, first)
		}
		if again, _, _ := j.sent(t, body, to, o); !bytes.Equal(first, again) {
			t.Errorf("R-GEN-06\n%s\n%s", first, again)
		}
	})
}

// FuzzBytesAreKept puts any JSON object into the places whose bytes count: the schema of a tool and the arguments of a
// call.
func FuzzBytesAreKept(f *testing.F) {
	j := strictBedrock(f)
	for _, seed := range []string{
		`{"type":"object","properties":{}}`, "{ \"type\" : \"object\",\n\t\"b\":1,\"a\":2}",
		`{"type":"object","n":12345678901234567890.50e-3}`,
		`{"type":"object","d":"<a> & \u00e9 é \/ \u2028"}`, `{"type":"object","x":[{"y":null},-0,1E5]}`,
		`{"a":1,"type":"object","a":2}`,
	} {
		f.Add([]byte(seed), uint8(0))
	}
	f.Fuzz(func(t *testing.T, text []byte, which uint8) {
		if !json.Valid(text) || text[0] != '{' || bytes.Contains(text, []byte(`\u`)) ||
			strings.ToValidUTF8(string(text), "") != string(text) {
			return // lone surrogates are replaced (R-PART-18)
		}
		quoted, err := json.Marshal(string(text))
		if err != nil {
			t.Fatal(err)
		}
		to := aim(t, judged[int(which)%4].id)
		ask := func(schema []byte) ([]byte, *openai.Error) {
			body := `{"model":"m","messages":[{"role":"user","content":"Hi"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":` +
				string(quoted) + `}}]},{"role":"tool","tool_call_id":"a","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":` + string(schema) + `}}]}`
			_, in, c, fault := way([]byte(body), to, translate.Options{})
			if fault != nil {
				return nil, fault
			}
			_ = j.send(t.Context(), in, &c, to.Row, false) // Bedrock's opinion of the schema does not matter here
			return j.body, nil
		}
		sent, fault := ask(text)
		if fault != nil {
			if fault.Code != openai.CodeInvalidParameters { // the root is of another type
				t.Fatalf("%+v", fault)
			}
			if sent, fault = ask([]byte(`{"type":"object"}`)); fault != nil {
				t.Fatalf("%+v", fault)
			}
			if !bytes.Contains(sent, text) {
				t.Errorf("R-GEN-07 arguments %s, sent %s", text, sent)
			}
			return
		}
		var root map[string]json.RawMessage
		if err := json.Unmarshal(text, &root); err != nil {
			t.Fatal(err)
		}
		want := 2 // schema and arguments
		if root["type"] == nil || len(root) == 0 {
			want = 1 // R-TOOL-04 touches the schema
		}
		if n := bytes.Count(sent, text); n < want {
			t.Errorf("R-GEN-07 %s stands %d times in %s", text, n, sent)
		}
	})
}

// secrets are what a text of AWS may hold and no client may see (R-GEN-08).
var secrets = []string{
	"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
	"arn:aws-us-gov:iam::123456789012:role/Team",
	"arn:aws:sts::123456789012:assumed-role/Team/session", "123456789012", "assumed-role/Team-Secret/anna@example.org",
	"role/path/Team-Secret", "user/anna",
	"bedrock-runtime.us-east-1.amazonaws.com",
	"https://vpce-0abc.bedrock-runtime.eu-west-1.vpce.amazonaws.com/model/x/converse",
	"bedrock-runtime.eu-west-1.api.aws:443",
	"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "ABSKQmVkcm9ja0FQSUtleS0x",
	"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be",
}

// glue is what may stand beside a secret.
var glue = []string{" ", `"`, "'", "(", ")", "[", "]", "<", ">", ": ", "=", ",", ".", ";", "\n", "`", "“", "/ ", "|", "{", "}", "\\n", "_ "}

// failing is a Bedrock that refuses, in its headers and body or in the first frame of a stream.
type failing struct {
	status       int
	name, text   string
	body, stream bool // the body is the text itself; the refusal stands in a stream
}

func (x *failing) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	body, _ := json.Marshal(map[string]string{"message": x.text, "resourceName": x.text, "originalMessage": x.text})
	if x.stream {
		w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
		m := eventstream.Message{Payload: body}
		m.Headers.Set(eventstream.MessageTypeHeader, eventstream.StringValue(eventstream.ExceptionMessageType))
		m.Headers.Set(eventstream.ExceptionTypeHeader, eventstream.StringValue(x.name))
		_ = eventstream.NewEncoder().Encode(w, m) // a recorder takes everything
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("x-amzn-ErrorType", x.name+":http://internal.amazon.com/"+x.text)
	w.Header().Set("x-amzn-RequestId", "5f1f4c6e-0000-4000-8000-0123456789ab")
	w.WriteHeader(x.status)
	if x.body {
		body = []byte(x.text)
	}
	_, _ = w.Write(body)
}

// FuzzErrorsTellNoSecrets puts what must not be seen into every place of an error of AWS.
func FuzzErrorsTellNoSecrets(f *testing.F) {
	x := &failing{}
	j := bedrockOf(f, x)
	names := []string{"ValidationException", "AccessDeniedException", "ResourceNotFoundException", "ThrottlingException", "ModelErrorException", "InternalServerException", "ServiceUnavailableException", "UnrecognizedClientException", "NewException", "modelStreamErrorException", ""}
	_, in, c, fault := way([]byte(`{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"Hi"}]}`), aim(f, judged[0].id), translate.Options{})
	if fault != nil {
		f.Fatal(fault)
	}
	for i := range names {
		f.Add(uint16(400+i), "The model returned the following errors: not authorized: ", " (Service: Bedrock)", uint8(i), uint8(i), uint8(i%4), uint8(2*i))
	}
	f.Fuzz(func(t *testing.T, status uint16, before, after string, secret, name, where, glued uint8) {
		hidden := secrets[int(secret)%len(secrets)]
		*x = failing{status: 400 + int(status)%200, name: names[int(name)%len(names)], body: where&1 > 0, stream: where&2 > 0,
			text: before + glue[int(glued)%len(glue)] + hidden + glue[int(glued/8)%len(glue)] + after}
		var err error
		if x.stream {
			_, err = j.stream(t.Context(), in, &c)
		} else {
			_, err = j.converse(t.Context(), in, &c)
		}
		var fault *openai.Error
		if !errors.As(err, &fault) {
			t.Fatalf("%T %v", err, err)
		}
		c.Locate(fault)
		if shown := string(fault.AppendJSON(nil, "error")) + fault.UpstreamID; strings.Contains(shown, hidden) || !json.Valid(fault.AppendJSON(nil, "error")) {
			t.Errorf("R-GEN-08 %q from %q", shown, x.text)
		}
	})
}

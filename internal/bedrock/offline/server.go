// Package offline is a small Amazon Bedrock: a server of the real wire protocol (REST JSON, event streams with
// checksums, percent-encoded ids) for both planes, runtime and control, on one host. The judge of its correctness is
// the real SDK client.
//
// It is strict: it refuses what Bedrock refuses, with Bedrock's exception names, statuses and texts. It is useful: its
// answers are deterministic and depend on the request. It is faithful: with Config.Replay it answers from recordings.
// It is hostile on request, see below.
//
// It must not import anything of this module: a misunderstanding shared with the code that it tests would confirm
// itself.
//
// Start reading at server.go and handle.go (one request), then the rooms: wire (what all share; families.go has what
// differs between models), shape (forms of bodies), rules, answer, guardrail, replay. deliver.go sends what was made.
//
// # Answers
//
// The text says back what was seen: model, turns, last user text, media. "count to N" in the last user text makes an
// answer of N numbers. A tool is called when the last user text names it or a significant word of its name ("weather"
// for get_weather), or when the choice is forced. Words in the last user text make it odd: THINKAGAIN thinks between
// texts and calls, SAMEID makes two calls under one id, STRINGINPUT writes the input of calls as a JSON string, NOCALL
// stops for a tool and calls none (answer/odd.go). After tool results the answer quotes them. A system prompt that asks
// for JSON gets a value in a Markdown code fence, by the schema that the prompt quotes. With a guardrail, the word
// BLOCKME in a text is blocked and MASKME in an answer is masked. ApplyGuardrail and InvokeGuardrailChecks also know
// e-mail addresses, "ignore previous instructions" and its like, and a few bad words (guardrail/checks.go).
//
// # Resources of the account 123456789012
//
// Every usable model has an application inference profile app-NAME (app-nova-lite, app-claude-haiku-4-5). Any other
// name of an application profile, provisioned model, custom or imported model, prompt or prompt router leads to the
// model whose name stands in it, else to Claude Haiku 4.5. Names that begin with "missing" do not exist; nor do
// guardrails named so.
//
// # Faults
//
// A request asks for faults with the header x-outcrop-fault, or behind a "+" in its model or guardrail id, as a list
// separated by "," or "+":
//
//	throttle             ThrottlingException, always
//	throttle=2           for the first two requests with this model and this list of faults, then none
//	key=NAME             tells such lists apart
//	delay=500ms          wait before the answer
//	error=NAME           that exception instead of the answer
//	first=NAME           that exception as first frame of a stream (in a plain answer: as error)
//	after=3:NAME         that exception after three events
//	cut=3                tear the connection after three events and a half (in a plain answer: in the middle of the body)
//	split=1              write in pieces of that many bytes, each flushed
//	silent               never answer
//	silent=3             fall silent after three events (in a plain answer: after the headers)
//	pace=20ms            pause between events
//	unknown              add unknown events, content blocks, deltas and members
//	empty                no events, no body
//	nometa               no metadata event
//	nostop               no contentBlockStop events, as some services leave them out
//	garbage              a body that is not JSON, a frame with a wrong checksum
//
// Everything ends when the client leaves.
package offline

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"time"

	"outcrop/internal/bedrock/offline/answer"
	"outcrop/internal/bedrock/offline/replay"
	"outcrop/internal/bedrock/offline/shape"
	"outcrop/internal/bedrock/offline/wire"
)

// Config is what a server is made of.
type Config struct {
	Models []byte // the model catalogue, JSON in the format of shared/bedrock/models.json; required
	// folder of recordings in the format of shared/wire (or the folder above its bedrock/); "" for none
	Replay string
	Pace   time.Duration // pause between streamed events; 0 for none
	Region string        // the region it plays; us-east-1 if empty
}

// Server is the offline Bedrock. It is an http.Handler, safe for concurrent use, and has nothing to close.
type Server struct {
	catalogue *wire.Catalogue
	shapes    shape.Shapes
	replay    *replay.Recordings // nil: answers are made
	pace      time.Duration
	prefixes  *answer.Prefixes
	throttles *throttles
}

// New reads the catalogue and the recordings. Its errors tell what is wrong with either.
func New(cfg Config) (*Server, error) {
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	c, err := wire.ReadCatalogue(cfg.Models, cfg.Region)
	if err != nil {
		return nil, err
	}
	s := &Server{catalogue: c, shapes: shape.All(), pace: cfg.Pace, prefixes: answer.NewPrefixes(),
		throttles: newThrottles()}
	if cfg.Replay != "" {
		if s.replay, err = replay.ReadRecordings(cfg.Replay); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// maxBody bounds what is read of a request: the 25 MB of FACTS 1.5 as base64, and room for the rest.
const maxBody = 48 << 20

// ServeHTTP answers one request: authenticate, route, answer, deliver.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", newRequestID())
	if r.Header.Get("Authorization") == "" {
		// Bedrock refuses unsigned requests; who signed is not looked at.
		e := &wire.Exception{Name: "MissingAuthenticationTokenException", Message: "Missing Authentication Token"}
		deliver(w, r, e.Reply(), fault{})
		return
	}
	op, ok := route(r)
	if !ok {
		deliver(w, r, unknownOperation(), fault{})
		return
	}
	f, e := faultOf(op, r.Header.Get("X-Outcrop-Fault"))
	if e != nil {
		deliver(w, r, e.Reply(), fault{})
		return
	}
	if f.pace == 0 {
		f.pace = s.pace
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			deliver(w, r, wire.Invalid("Input is too long for requested model.").Reply(), fault{})
		}
		return // otherwise the client left in the middle of its request
	}
	rep := s.answer(op, body)
	if rep.Status < 400 {
		if e := s.throttles.refuse(f); e != nil {
			rep = e.Reply()
		}
	}
	deliver(w, r, rep, f)
}

// answer makes the whole reply to an operation; only the catalogue, the recordings and the prompt cache's memory stand
// behind it.
func (s *Server) answer(op wire.Operation, body []byte) *wire.Reply {
	if s.replay != nil {
		rep := s.replay.Answer(op, body)
		if rep != nil {
			return rep
		}
		if !catalogueOperation[op.Name] {
			// Never a made answer: a test that replays must not take one for a recording.
			return wire.Invalid("no recording matches this request: %s %s", op.Name, op.ID).Reply()
		}
	}
	switch op.Name {
	case "Converse", "ConverseStream":
		return s.converse(op.ID, body, op.Name == "ConverseStream")
	case "InvokeModel":
		return s.invoke(op.ID, body)
	case "ApplyGuardrail":
		return s.applyGuardrail(op, body)
	case "InvokeGuardrailChecks":
		return s.invokeChecks(body)
	case "CountTokens":
		return s.countTokens(op.ID, body)
	case "ListFoundationModels":
		return s.listModels(op)
	case "GetFoundationModel":
		return s.getModel(op.ID)
	case "ListInferenceProfiles":
		return s.listProfiles(op)
	case "GetInferenceProfile":
		return s.getProfile(op.ID)
	case "InvokeModelWithResponseStream":
		return wire.Invalid("The model is unsupported for streaming.").Reply()
	}
	return unknownOperation()
}

// catalogueOperation names what is answered from the catalogue even when replaying: a client asks for it on its own
// account.
var catalogueOperation = map[string]bool{"ListFoundationModels": true, "GetFoundationModel": true,
	"ListInferenceProfiles": true,
	"GetInferenceProfile":   true}

func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

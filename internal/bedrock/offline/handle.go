package offline

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"outcrop/internal/bedrock/offline/answer"
	"outcrop/internal/bedrock/offline/guardrail"
	"outcrop/internal/bedrock/offline/rules"
	"outcrop/internal/bedrock/offline/shape"
	"outcrop/internal/bedrock/offline/wire"
)

// converse answers Converse and ConverseStream.
func (s *Server) converse(id string, body []byte, streamed bool) *wire.Reply {
	sh := s.shapes.Converse
	if streamed {
		sh = s.shapes.ConverseStream
	}
	r, e := wire.DecodeConverse(sh, body, streamed)
	if e != nil {
		return e.Reply()
	}
	t, e := s.catalogue.Resolve(id)
	if e == nil {
		e = rules.Validate(r, t)
	}
	if e != nil {
		return e.Reply()
	}
	if e := rules.Mismatch(r); e != nil {
		if streamed {
			return wire.OkStream([]wire.Frame{answer.ExceptionFrame(e)})
		}
		return e.Reply()
	}
	a := answer.Compose(r, t, t.Model.ID+"\n"+string(body))
	if !guardrail.Guard(r, a) {
		s.count(r, t, a)
	}
	if streamed {
		return wire.OkStream(a.Frames(r, t))
	}
	return wire.OkJSON(a.JSON(r, t))
}

// maxNative is the limit of a native body [FACTS 1.5].
const maxNative = 25_000_000

// invoke answers InvokeModel, for the embedding families.
func (s *Server) invoke(id string, body []byte) *wire.Reply {
	t, e := s.catalogue.Resolve(id)
	if e != nil {
		return e.Reply()
	}
	if len(body) > maxNative {
		return wire.Refusal([]shape.Violation{{Path: []string{"body"}, Kind: "length",
			Text: fmt.Sprintf("have length less than or equal to %d", maxNative),
			Hide: true}}).Reply()
	}
	family, ok := answer.EmbedderOf(t.Model)
	if !ok {
		return wire.Invalid("The offline Bedrock answers InvokeModel for embedding models only, not for %s.",
			t.Model.ID).Reply()
	}
	v, e := wire.DecodeAny(body)
	if e != nil {
		return wire.Invalid("Malformed input request, please reformat your input and try again.").Reply()
	}
	if e := answer.Malformed(shape.Check(family.Shape, v)); e != nil {
		return e.Reply()
	}
	out, e := family.Embed(t.Model, v.(map[string]any))
	if e != nil {
		return e.Reply()
	}
	rep := wire.OkJSON(wire.Marshal(out.Body))
	rep.Header.Set("X-Amzn-Bedrock-Input-Token-Count", strconv.Itoa(out.Tokens))
	rep.Header.Set("X-Amzn-Bedrock-Invocation-Latency", strconv.Itoa(50+out.Tokens))
	return rep
}

const cannotCount = "The provided model doesn't support counting tokens."

// countTokens answers CountTokens [FACTS 6.6]: only base model ids can count, even where inference needs a profile.
func (s *Server) countTokens(id string, body []byte) *wire.Reply {
	v, e := wire.DecodeAny(body)
	if e == nil {
		e = wire.Refusal(shape.Check(s.shapes.CountTokens, v))
	}
	if e != nil {
		return e.Reply()
	}
	if len(id) > 256 {
		return wire.Refusal([]shape.Violation{{Path: []string{"modelId"}, Text: "have length less than or equal to 256",
			Value: id}}).Reply()
	}
	m := s.catalogue.ByID[id]
	if m == nil {
		if _, e := s.catalogue.Find(id); e != nil {
			return e.Reply()
		}
		return wire.Invalid(cannotCount).Reply()
	}
	if !wire.Affirms(m.CountTokens) && (wire.Denies(m.CountTokens) || m.Kind != "chat") {
		return wire.Invalid(cannotCount).Reply()
	}
	var request struct {
		Input struct {
			Converse *wire.ConverseRequest `json:"converse"`
			Invoke   *struct {
				Body []byte `json:"body"`
			} `json:"invokeModel"`
		} `json:"input"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return (&wire.Exception{Name: "SerializationException", Message: err.Error()}).Reply()
	}
	var n int
	switch {
	case request.Input.Converse != nil:
		r := request.Input.Converse
		for _, rule := range []rules.Rule{rules.TurnRule, rules.EmptyRule, rules.BlankRule, rules.ToolHistoryRule,
			rules.ToolPairRule} {
			if e := rule(r, wire.Target{Model: m, ID: id}); e != nil {
				return e.Reply()
			}
		}
		n = wire.CountRequest(r)
	default:
		n = wire.Tokens(len(request.Input.Invoke.Body))
	}
	return wire.OkJSON([]byte(`{"inputTokens":` + strconv.Itoa(n) + `}`))
}

// count fills in the usage of an answer.
func (s *Server) count(r *wire.ConverseRequest, t wire.Target, a *answer.Answer) {
	for _, b := range a.Blocks {
		a.Usage.Output += b.Tokens()
	}
	h := sha256.New()
	h.Write([]byte(t.Model.ID))
	total, points := 0, []answer.Checkpoint(nil)
	for _, seg := range wire.Segments(r) {
		h.Write(seg.Bytes)
		total += seg.Tokens
		if seg.Cut == nil {
			continue
		}
		a.Usage.Points = true
		if total >= t.Model.Caching.MinTokens {
			ttl := seg.Cut.TTL
			if ttl == "" {
				ttl = "5m"
			}
			points = append(points, answer.Checkpoint{Hash: [32]byte(h.Sum(nil)), Tokens: total, TTL: ttl})
		}
	}
	if len(points) > 0 {
		a.Usage.Read, a.Usage.Write, a.Usage.Written = s.prefixes.Account(points, time.Now())
	}
	a.Usage.Input = total - a.Usage.Read - a.Usage.Write
}

// applyGuardrail answers ApplyGuardrail. Every offline guardrail blocks BLOCKME, attacks and the worst words, and masks
// MASKME and e-mail addresses.
func (s *Server) applyGuardrail(op wire.Operation, body []byte) *wire.Reply {
	v, e := wire.DecodeAny(body)
	if e == nil {
		e = wire.Refusal(shape.Check(s.shapes.Apply, v))
	}
	if e == nil {
		e = wire.Refusal(shape.Check(shape.GuardrailShape(false), map[string]any{"guardrailVersion": op.Version}))
	}
	if e == nil {
		e = rules.GuardrailRule(&wire.ConverseRequest{Guardrail: &wire.Guardrail{ID: op.ID, Version: op.Version}},
			wire.Target{})
	}
	if e != nil {
		return e.Reply()
	}
	var r guardrail.ApplyRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return (&wire.Exception{Name: "SerializationException", Message: err.Error()}).Reply()
	}
	g := &wire.Guardrail{ID: op.ID, Version: op.Version}
	var texts []string
	for _, c := range r.Content {
		if c.Text != nil {
			texts = append(texts, c.Text.Text)
		}
	}
	return wire.OkJSON(wire.Marshal(guardrail.Apply(g, &r, texts)))
}

// invokeChecks answers InvokeGuardrailChecks. Offsets are in characters; the service's own are unconfirmed.
func (s *Server) invokeChecks(body []byte) *wire.Reply {
	v, e := wire.DecodeAny(body)
	if e == nil {
		e = wire.Refusal(shape.Check(s.shapes.Checks, v))
	}
	if e != nil {
		return e.Reply()
	}
	var r guardrail.ChecksRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return (&wire.Exception{Name: "SerializationException", Message: err.Error()}).Reply()
	}
	var texts []string
	for _, m := range r.Messages {
		for _, c := range m.Content {
			texts = append(texts, c.Text)
		}
	}
	all := strings.Join(texts, "\n")
	results, usage := map[string]any{}, map[string]any{}
	used := map[string]any{"textUnits": guardrail.Units(all)}
	if w := r.Checks.Filter; w != nil {
		results["contentFilter"], usage["contentFilter"] = map[string]any{"results": w.Scores(guardrail.Categories, all)},
			used
	}
	if w := r.Checks.Attack; w != nil {
		results["promptAttack"], usage["promptAttack"] = map[string]any{"results": w.Scores(guardrail.Attacks, all)}, used
	}
	if r.Checks.Sensitive != nil {
		results["sensitiveInformation"], usage["sensitiveInformation"] = map[string]any{"results": r.Entities(),
			"truncated": false}, used
	}
	return wire.OkJSON(wire.Marshal(map[string]any{"results": results, "usage": usage}))
}

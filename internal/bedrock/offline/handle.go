package offline

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// converse answers Converse and ConverseStream.
func (s *Server) converse(id string, body []byte, streamed bool) *reply {
	sh := s.shapes.converse
	if streamed {
		sh = s.shapes.converseStream
	}
	r, e := decodeConverse(sh, body, streamed)
	if e != nil {
		return e.reply()
	}
	t, e := s.catalogue.resolve(id)
	if e == nil {
		e = validate(r, t)
	}
	if e != nil {
		return e.reply()
	}
	if e := mismatch(r); e != nil {
		if streamed {
			return okStream([]frame{exceptionFrame(e)})
		}
		return e.reply()
	}
	a := compose(r, t, t.model.ID+"\n"+string(body))
	if !guard(r, a) {
		s.count(r, t, a)
	}
	if streamed {
		return okStream(a.frames(r, t))
	}
	return okJSON(a.json(r, t))
}

// maxNative is the limit of a native body [FACTS 1.5].
const maxNative = 25_000_000

// invoke answers InvokeModel, for the embedding families.
func (s *Server) invoke(id string, body []byte) *reply {
	t, e := s.catalogue.resolve(id)
	if e != nil {
		return e.reply()
	}
	if len(body) > maxNative {
		return refusal([]violation{{path: []string{"body"}, kind: "length", text: fmt.Sprintf("have length less than or equal to %d", maxNative),
			hide: true}}).reply()
	}
	family, ok := embedderOf(t.model)
	if !ok {
		return invalid("The offline Bedrock answers InvokeModel for embedding models only, not for %s.", t.model.ID).reply()
	}
	v, e := decodeAny(body)
	if e != nil {
		return invalid("Malformed input request, please reformat your input and try again.").reply()
	}
	if e := malformed(check(family.shape, v)); e != nil {
		return e.reply()
	}
	out, e := family.embed(t.model, v.(map[string]any))
	if e != nil {
		return e.reply()
	}
	rep := okJSON(marshal(out.body))
	rep.header.Set("X-Amzn-Bedrock-Input-Token-Count", strconv.Itoa(out.tokens))
	rep.header.Set("X-Amzn-Bedrock-Invocation-Latency", strconv.Itoa(50+out.tokens))
	return rep
}

const cannotCount = "The provided model doesn't support counting tokens."

// countTokens answers CountTokens [FACTS 6.6]: only base model ids can count, even where inference needs a profile.
func (s *Server) countTokens(id string, body []byte) *reply {
	v, e := decodeAny(body)
	if e == nil {
		e = refusal(check(s.shapes.countTokens, v))
	}
	if e != nil {
		return e.reply()
	}
	if len(id) > 256 {
		return refusal([]violation{{path: []string{"modelId"}, text: "have length less than or equal to 256", value: id}}).reply()
	}
	m := s.catalogue.byID[id]
	if m == nil {
		if _, e := s.catalogue.find(id); e != nil {
			return e.reply()
		}
		return invalid(cannotCount).reply()
	}
	if !affirms(m.CountTokens) && (denies(m.CountTokens) || m.Kind != "chat") {
		return invalid(cannotCount).reply()
	}
	var request struct {
		Input struct {
			Converse *converseRequest `json:"converse"`
			Invoke   *struct {
				Body []byte `json:"body"`
			} `json:"invokeModel"`
		} `json:"input"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return (&exception{name: "SerializationException", message: err.Error()}).reply()
	}
	var n int
	switch {
	case request.Input.Converse != nil:
		r := request.Input.Converse
		for _, rule := range []rule{turnRule, emptyRule, blankRule, toolHistoryRule, toolPairRule} {
			if e := rule(r, target{model: m, id: id}); e != nil {
				return e.reply()
			}
		}
		n = countRequest(r)
	default:
		n = tokens(len(request.Input.Invoke.Body))
	}
	return okJSON([]byte(`{"inputTokens":` + strconv.Itoa(n) + `}`))
}

// count fills in the usage of an answer.
func (s *Server) count(r *converseRequest, t target, a *answer) {
	for _, b := range a.blocks {
		a.usage.output += b.tokens()
	}
	h := sha256.New()
	h.Write([]byte(t.model.ID))
	total, points := 0, []checkpoint(nil)
	for _, seg := range segments(r) {
		h.Write(seg.bytes)
		total += seg.tokens
		if seg.cut == nil {
			continue
		}
		a.usage.points = true
		if total >= t.model.Caching.MinTokens {
			ttl := seg.cut.ttl
			if ttl == "" {
				ttl = "5m"
			}
			points = append(points, checkpoint{hash: [32]byte(h.Sum(nil)), tokens: total, ttl: ttl})
		}
	}
	if len(points) > 0 {
		a.usage.read, a.usage.write, a.usage.written = s.prefixes.account(points, time.Now())
	}
	a.usage.input = total - a.usage.read - a.usage.write
}

// applyGuardrail answers ApplyGuardrail. Every offline guardrail blocks BLOCKME, attacks and the worst words, and masks MASKME
// and e-mail addresses.
func (s *Server) applyGuardrail(op operation, body []byte) *reply {
	v, e := decodeAny(body)
	if e == nil {
		e = refusal(check(s.shapes.apply, v))
	}
	if e == nil {
		e = refusal(check(guardrailShape(false), map[string]any{"guardrailVersion": op.version}))
	}
	if e == nil {
		e = guardrailRule(&converseRequest{Guardrail: &guardrail{ID: op.id, Version: op.version}}, target{})
	}
	if e != nil {
		return e.reply()
	}
	var r applyRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return (&exception{name: "SerializationException", message: err.Error()}).reply()
	}
	g := &guardrail{ID: op.id, Version: op.version}
	var texts []string
	for _, c := range r.Content {
		if c.Text != nil {
			texts = append(texts, c.Text.Text)
		}
	}
	return okJSON(marshal(apply(g, &r, texts)))
}

// invokeChecks answers InvokeGuardrailChecks. Offsets are in characters; the service's own are unconfirmed.
func (s *Server) invokeChecks(body []byte) *reply {
	v, e := decodeAny(body)
	if e == nil {
		e = refusal(check(s.shapes.checks, v))
	}
	if e != nil {
		return e.reply()
	}
	var r checksRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return (&exception{name: "SerializationException", message: err.Error()}).reply()
	}
	var texts []string
	for _, m := range r.Messages {
		for _, c := range m.Content {
			texts = append(texts, c.Text)
		}
	}
	all := strings.Join(texts, "\n")
	results, usage := map[string]any{}, map[string]any{}
	used := map[string]any{"textUnits": units(all)}
	if w := r.Checks.Filter; w != nil {
		results["contentFilter"], usage["contentFilter"] = map[string]any{"results": w.scores(categories, all)}, used
	}
	if w := r.Checks.Attack; w != nil {
		results["promptAttack"], usage["promptAttack"] = map[string]any{"results": w.scores(attacks, all)}, used
	}
	if r.Checks.Sensitive != nil {
		results["sensitiveInformation"], usage["sensitiveInformation"] = map[string]any{"results": r.entities(), "truncated": false}, used
	}
	return okJSON(marshal(map[string]any{"results": results, "usage": usage}))
}

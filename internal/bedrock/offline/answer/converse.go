package answer

import (
	"maps"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// JSON is the body of a Converse answer [FACTS 1.3].
func (a *Answer) JSON(r *wire.ConverseRequest, t wire.Target) []byte {
	content := []any{}
	for _, b := range a.Blocks {
		content = append(content, b.json(t.Model.Traits))
	}
	out := map[string]any{
		"output":     map[string]any{"message": map[string]any{"role": "assistant", "content": content}},
		"stopReason": a.Stop,
		"usage":      a.Usage.json(t.Model.Traits, false),
		"metrics":    map[string]any{"latencyMs": a.latency()},
	}
	if fields := a.nativeFields(r); fields != nil {
		out["additionalModelResponseFields"] = fields
	}
	a.echo(out, r, t)
	return wire.Marshal(out)
}

// latency is invented, but the same for the same answer.
func (a *Answer) latency() int { return 200 + 5*a.Usage.Output }

// echo adds what both kinds of answer repeat of the request, and the traces.
func (a *Answer) echo(out map[string]any, r *wire.ConverseRequest, t wire.Target) {
	trace := a.Trace
	if t.Router {
		trace = map[string]any{"promptRouter": map[string]any{
			"invokedModelId": "arn:aws:bedrock:us-east-1::foundation-model/" + t.Model.ID}}
		maps.Copy(trace, a.Trace)
	}
	if trace != nil {
		out["trace"] = trace
	}
	if r.Latency != nil && r.Latency.Latency != "" {
		out["performanceConfig"] = map[string]any{"latency": r.Latency.Latency}
	}
	if r.Tier != nil {
		out["serviceTier"] = map[string]any{"type": r.Tier.Type}
	}
}

func (b Block) json(f wire.Family) map[string]any {
	switch {
	case b.call != nil:
		use := map[string]any{"toolUseId": b.call.id, "name": b.call.Name, "input": b.call.input}
		if f.TypedCalls {
			use["type"] = "tool_use"
		}
		return map[string]any{"toolUse": use}
	case b.reason != nil && b.reason.redacted != nil:
		return map[string]any{"reasoningContent": map[string]any{"redactedContent": wire.Base64Of(b.reason.redacted)}}
	case b.reason != nil:
		text := map[string]any{"text": b.reason.text}
		if b.reason.signature != "" {
			text["signature"] = b.reason.signature
		}
		return map[string]any{"reasoningContent": map[string]any{"reasoningText": text}}
	}
	return map[string]any{"text": *b.Text}
}

// nativeFields picks what additionalModelResponseFieldPaths asks for out of what stands for the model's native answer.
func (a *Answer) nativeFields(r *wire.ConverseRequest) map[string]any {
	if len(r.Paths) == 0 {
		return nil
	}
	var ending any
	if a.ending != "" {
		ending = a.ending
	}
	end := map[string]any{"stop_reason": a.Stop, "stop_sequence": ending, "stop_details": nil}
	native := map[string]any{"role": "assistant", "type": "message", "delta": end}
	maps.Copy(native, end)
	out := map[string]any{}
	for _, path := range r.Paths {
		pick(out, native, strings.Split(strings.TrimPrefix(path, "/"), "/"))
	}
	return out
}

// pick copies the value at a path from one tree to the same place in another.
func pick(to, from map[string]any, path []string) {
	v, ok := from[path[0]]
	if !ok {
		return
	}
	if len(path) == 1 {
		to[path[0]] = v
		return
	}
	sub, ok := v.(map[string]any)
	if !ok {
		return
	}
	next, ok := to[path[0]].(map[string]any)
	if !ok {
		next = map[string]any{}
		to[path[0]] = next
	}
	pick(next, sub, path[1:])
}

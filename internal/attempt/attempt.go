// Package attempt is the end of the chain of those who call models: it tries the targets of a plan, best first, each in
// a slot of its own, and makes the calls of each by the verbs of Bedrock. A kind of model has one attempt.
//
// It must not know limits, caches or policy. Start at New, then fallback.go.
package attempt

import (
	"context"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"golang.org/x/sync/semaphore"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
)

// Backend is Bedrock's side of the waist: its verbs, for one region and role. Errors are *openai.Error with AWS's
// request id, or wrap the context's.
type Backend interface {
	Converse(context.Context, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error)
	// ConverseStream returns after the first event. The events are ranged over exactly once.
	ConverseStream(context.Context, *bedrockruntime.ConverseStreamInput) (requestID string,
		events iter.Seq2[types.ConverseStreamOutput, error], err error)
	// InvokeModel also gives the input tokens that Bedrock counted in a header, -1 when it did not.
	InvokeModel(context.Context, *bedrockruntime.InvokeModelInput) (out *bedrockruntime.InvokeModelOutput,
		inputTokens int64, err error)
}

// Backends gives the client of a target's region and role.
type Backends func(catalog.Target) (Backend, error)

// Config is what attempts have to know of the settings.
type Config struct {
	EmbeddingCalls   int           // of one request and of the gateway, at a time (R-EMB-05)
	RememberRefusals time.Duration // of what the gateway adds by itself (R-CAP-07)
	Version          string        // of the gateway, part of system_fingerprint
}

// Attempt is one try against one target: translate, invoke, translate back.
type Attempt func(ctx context.Context, e *engine, b Backend, c *call.Call, t catalog.Target) (call.Reply, error)

// attempts are how models are called, by their kind.
var attempts = map[catalog.Kind]Attempt{catalog.Chat: attemptChat, catalog.Embed: attemptEmbeddings}

// engine is what the attempts of all kinds share.
type engine struct {
	Config
	attempts map[catalog.Kind]Attempt
	recorder *telemetry.Recorder
	upstream *upstream.Targets
	backends Backends
	invokes  *semaphore.Weighted // InvokeModel calls of the whole gateway (R-EMB-05)

	refusals refusals // of what the gateway adds by itself (R-CAP-07)
}

// New makes the end of the chain of those who call models: it tries the targets of the plan, best first, each in a slot
// of its own, with the attempt of its kind.
func New(cfg Config, rec *telemetry.Recorder, targets *upstream.Targets, backends Backends,
	invokes *Slots) call.Handler {
	e := &engine{Config: cfg, attempts: attempts, recorder: rec, upstream: targets, backends: backends,
		invokes: invokes.Of(cfg.EmbeddingCalls), refusals: refusals{keep: cfg.RememberRefusals}}
	return e.fallback
}

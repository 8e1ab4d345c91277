// Package attempt is the end of the chain of those who call models: it tries the targets of a plan, best first, each in
// a slot of its own, and makes the calls of each by the verbs of Bedrock. A kind of model has one attempt.
//
// It must not know limits, caches or policy. Start at New, then fallback.go.
package attempt

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"golang.org/x/sync/semaphore"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
)

// Converser is the verb of chat: one answer, plain or streamed. Errors are *openai.Error with AWS's request id, or wrap
// the context's.
type Converser interface {
	Converse(context.Context, *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error)
	// ConverseStream returns after the first event. The events are ranged over exactly once.
	ConverseStream(context.Context, *bedrockruntime.ConverseStreamInput) (requestID string,
		events iter.Seq2[types.ConverseStreamOutput, error], err error)
}

// Invoker is the verb of models with a body of their own. Errors are as those of a [Converser].
type Invoker interface {
	// InvokeModel also gives the input tokens that Bedrock counted in a header, -1 when it did not.
	InvokeModel(context.Context, *bedrockruntime.InvokeModelInput) (out *bedrockruntime.InvokeModelOutput,
		inputTokens int64, err error)
}

// Service is a client of the AWS service that has a target, for the target's region and role. Which verbs it has, each
// end asks for itself: services of AWS do not share any.
type Service any

// Services gives the service of a target.
type Services func(catalog.Target) (Service, error)

// Config is what attempts have to know of the settings.
type Config struct {
	EmbeddingCalls   int           // of one request and of the gateway, at a time (R-EMB-05)
	RememberRefusals time.Duration // of what the gateway adds by itself (R-CAP-07)
	Version          string        // of the gateway, part of system_fingerprint
}

// Attempt is one try against one target: translate, invoke, translate back.
type Attempt func(ctx context.Context, e *engine, s Service, c *call.Call, t catalog.Target) (call.Reply, error)

// attempts are how models are called, by their kind.
var attempts = map[catalog.Kind]Attempt{catalog.Chat: by(attemptChat), catalog.Embed: by(attemptEmbeddings)}

// by makes an attempt of an end and the verb that it needs.
func by[Verb any](end func(context.Context, *engine, Verb, *call.Call, catalog.Target) (call.Reply, error)) Attempt {
	return func(ctx context.Context, e *engine, s Service, c *call.Call, t catalog.Target) (call.Reply, error) {
		verb, ok := s.(Verb)
		if !ok { // a row of the catalogue names a kind that its service does not have
			return call.Reply{}, fmt.Errorf("%T has no %v", s, reflect.TypeFor[Verb]())
		}
		return end(ctx, e, verb, c, t)
	}
}

// engine is what the attempts of all kinds share.
type engine struct {
	Config
	attempts map[catalog.Kind]Attempt
	recorder *telemetry.Recorder
	upstream *upstream.Targets
	services Services
	invokes  *semaphore.Weighted // InvokeModel calls of the whole gateway (R-EMB-05)

	refusals refusals // of what the gateway adds by itself (R-CAP-07)
}

// New makes the end of the chain of those who call models: it tries the targets of the plan, best first, each in a slot
// of its own, with the attempt of its kind.
func New(cfg Config, rec *telemetry.Recorder, targets *upstream.Targets, services Services,
	invokes *Slots) call.Handler {
	e := &engine{Config: cfg, attempts: attempts, recorder: rec, upstream: targets, services: services,
		invokes: invokes.Of(cfg.EmbeddingCalls), refusals: refusals{keep: cfg.RememberRefusals}}
	return e.fallback
}

package attempt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
	"outcrop/translate/chat"
)

// Links checks a chat and lists what has to be fetched for it.
func Links(c *call.Call, t catalog.Target) ([]translate.Link, error) {
	return chat.Links(c.Request.(*openai.ChatRequest), t, c.Options)
}

// Refuse is an ordinary answer with the finish reason content_filter (R-ERR-69).
func Refuse(c *call.Call, message string) []openai.Part {
	asked := c.Request.Facts()
	meta := c.Stamp(asked.Model)
	whole := &openai.ChatResponse{
		Head:    openai.Head{ID: meta.ID, Created: meta.Created, Model: meta.Model},
		Choices: []openai.Choice{{Message: openai.ReplyMessage{Content: &message}, FinishReason: openai.FinishContentFilter}},
		Usage:   &openai.Usage{},
	}
	if !asked.Stream {
		return []openai.Part{whole}
	}
	return chat.Unfold(whole, meta)
}

// converseCall is one call of Converse or ConverseStream, translated for its target.
type converseCall struct {
	*engine
	target catalog.Target
	stream bool // the client wants one
	in     *bedrockruntime.ConverseInput
	back   chat.Context
	meta   translate.Meta
}

func (e *engine) newConverseCall(c *call.Call, t catalog.Target, o translate.Options) (*converseCall, error) {
	req := c.Request.(*openai.ChatRequest).Prompt(c.Choice)
	in, back, err := chat.Input(req, t, o)
	if err != nil {
		return nil, err
	}
	meta := c.Stamp(t.Public)
	meta.Fingerprint = fingerprint(e.Version, t.CalledID)
	return &converseCall{engine: e, target: t, stream: req.Stream, in: in, back: back, meta: meta}, nil
}

// send makes the call. Errors are Bedrock's own, not yet located in the client's request.
func (k *converseCall) send(ctx context.Context, b Converser) (call.Reply, error) {
	if k.stream && streams(k.in, k.target) {
		return k.sendStream(ctx, b)
	}
	out, err := b.Converse(ctx, k.in)
	if err != nil {
		return call.Reply{Head: call.Head{Adjusted: k.back.Adjusted}}, err
	}
	whole, revealed, err := chat.Output(out, &k.back, k.meta)
	id, _ := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
	if err != nil {
		return call.Reply{Head: call.Head{Adjusted: k.back.Adjusted}}, withUpstream(err, id)
	}
	head := call.Head{Upstream: requestIDs(id), Adjusted: k.back.Adjusted}
	for _, a := range revealed.List() {
		head.Adjusted.Add(a.Param, a.Reason) // R-GEN-05
	}
	if !k.stream {
		return call.Reply{Head: head, Parts: call.One(whole)}, nil
	}
	head.Adjusted.Add("stream", "synthesised") // R-STR-20
	return call.Reply{Head: head, Parts: call.Each(chat.Unfold(whole, k.meta))}, nil
}

func (k *converseCall) sendStream(ctx context.Context, b Converser) (call.Reply, error) {
	id, events, err := b.ConverseStream(ctx, k.back.StreamInput(k.in))
	if err != nil {
		return call.Reply{Head: call.Head{Adjusted: k.back.Adjusted}}, err
	}
	return call.Reply{
		Head:  call.Head{Upstream: requestIDs(id), Adjusted: k.back.Adjusted},
		Parts: chat.Chunks(events, &k.back, k.meta),
	}, nil
}

// streams tells whether the model can stream this request; where it cannot, the answer is made a stream here
// (R-STR-20).
func streams(in *bedrockruntime.ConverseInput, t catalog.Target) bool {
	caps := &t.Row.Caps
	return caps.Streaming != catalog.No && (in.ToolConfig == nil || caps.StreamingTools != catalog.No)
}

// located puts the member that the client used into an error about its request.
func located(err error, back *chat.Context) error {
	var oe *openai.Error
	if errors.As(err, &oe) {
		back.Locate(oe)
	}
	return err
}

func withUpstream(err error, id string) error {
	var oe *openai.Error
	if errors.As(err, &oe) && oe.UpstreamID == "" {
		oe.UpstreamID = id
	}
	return err
}

func requestIDs(id string) []string {
	if id == "" {
		return nil
	}
	return []string{id}
}

// fingerprint is system_fingerprint: stable until gateway, translation or called model change, and revealing none of
// them (R-RES-03).
func fingerprint(version, calledID string) string {
	sum := sha256.Sum256([]byte(version + "\x00" + translate.Version + "\x00" + calledID))
	return "fp_" + hex.EncodeToString(sum[:5])
}

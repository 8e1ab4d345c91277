package dialect

import (
	"strconv"
	"time"

	"outcrop/openai"
)

// OpenAI is what all of OpenAI's APIs have in common, and so how those speak whose requests have no body, and answers
// that belong to no API: of a path that nobody serves, say.
var OpenAI = &Dialect{
	Keys:   []string{"Authorization", "Api-Key"}, // of OpenAI's SDKs and of Azure's
	Plain:  func(b []byte, _ openai.Request, _ Call, p openai.Part) []byte { return p.(whole).AppendJSON(b) },
	Fail:   func(b []byte, err *openai.Error, _ string) []byte { return err.AppendJSON(b, renderings[err.Kind].typ) },
	Status: func(err *openai.Error) int { return renderings[err.Kind].status },
	Head:   func(to Header, id string) { to["X-Request-Id"] = []string{id} },
	Limits: openAILimits,
}

// whole is a part that is all of a plain answer, and knows its form in OpenAI's API.
type whole interface{ AppendJSON(b []byte) []byte }

// The dialects of OpenAI's endpoints.
var (
	Chat        = OpenAI.with(decode(openai.DecodeChat), beginChat)
	Embeddings  = OpenAI.with(decode(openai.DecodeEmbedding), nil)
	Moderations = OpenAI.with(decode(openai.DecodeModeration), nil)
)

// with is the dialect with other bodies and events.
func (d *Dialect) with(decode Decoder, stream func(openai.Request, Call) Stream) *Dialect {
	other := *d
	other.Decode, other.Stream = decode, stream
	return &other
}

func decode[R openai.Request](f func([]byte) (R, *openai.Error)) Decoder {
	return func(body []byte, _ Header) (openai.Request, *openai.Error) {
		r, err := f(body)
		if err != nil {
			return nil, err
		}
		return r, openai.Validate(r)
	}
}

// openAILimits says how limits stand, where there are any, as OpenAI does (R-ERR-67, R-ERR-81).
func openAILimits(to Header, requests, tokens Window, _ time.Time) {
	for _, l := range [...]struct {
		window                  Window
		limit, remaining, reset string
	}{
		{requests, "X-Ratelimit-Limit-Requests", "X-Ratelimit-Remaining-Requests", "X-Ratelimit-Reset-Requests"},
		{tokens, "X-Ratelimit-Limit-Tokens", "X-Ratelimit-Remaining-Tokens", "X-Ratelimit-Reset-Tokens"},
	} {
		if l.window.Limit > 0 {
			to[l.limit] = []string{strconv.FormatInt(l.window.Limit, 10)}
			to[l.remaining] = []string{strconv.FormatInt(l.window.Left, 10)}
			to[l.reset] = []string{resetText(l.window.Reset)}
		}
	}
}

// resetText writes a duration in OpenAI's way, 12ms, 1s, 6m0s, rounded up, so that waiting for so long is enough.
func resetText(d time.Duration) string {
	return (max(d, 0) + time.Millisecond - 1).Truncate(time.Millisecond).String()
}

// chatStream writes chunks as events without names, [DONE] at the end, and comments in between (TRANSLATION 3).
type chatStream struct {
	usage bool // the client wants it
}

func beginChat(req openai.Request, _ Call) Stream { return chatStream{req.Facts().Usage} }

const data = "data: "

func (s chatStream) AppendPart(b []byte, p openai.Part) []byte {
	before := len(b)
	b = append(b, data...)
	with := p.(*openai.ChatChunk).AppendJSON(b, s.usage)
	if len(with) == len(b) { // usage that nobody wants
		return b[:before]
	}
	return append(with, "\n\n"...)
}

func (chatStream) AppendEnd(b []byte) []byte { return append(b, data+"[DONE]\n\n"...) }

// AppendFail writes one event, behind which no [DONE] comes (R-STR-15).
func (chatStream) AppendFail(b []byte, err *openai.Error) []byte {
	return append(OpenAI.Fail(append(b, data...), err, ""), "\n\n"...)
}

func (chatStream) AppendPing(b []byte) []byte { return append(b, ": keep-alive\n\n"...) }

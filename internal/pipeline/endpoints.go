package pipeline

import (
	"outcrop/internal/catalog"
	"outcrop/internal/recall"

	"outcrop/internal/attempt"
	"outcrop/internal/call"
	"outcrop/internal/observe"
)

// The endpoints, one row each.
var (
	ChatCompletions = &call.Endpoint{Name: "chat.completions", Kind: catalog.Chat, Prefix: "chatcmpl-",
		Digest: observe.DigestChat,
		Keeps:  &recall.Chat, Chat: &call.Chatting{Links: attempt.Links, Refuse: attempt.Refuse}}
	Responses = &call.Endpoint{Name: "responses", Kind: catalog.Chat, Prefix: "resp_", Digest: observe.DigestChat,
		Keeps: &recall.Chat, Chat: &call.Chatting{Links: attempt.Links, Refuse: attempt.Refuse}}
	Completions = &call.Endpoint{Name: "completions", Kind: catalog.Chat, Prefix: "cmpl-", Digest: observe.DigestChat,
		Keeps: &recall.Chat, Chat: &call.Chatting{Links: attempt.Links, Refuse: attempt.Refuse}}
	Embeddings = &call.Endpoint{Name: "embeddings", Kind: catalog.Embed, Digest: observe.DigestVectors,
		Keeps: &recall.Items}
	Moderations = &call.Endpoint{Name: "moderations"} // an end of the outer chain
)

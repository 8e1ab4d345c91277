package pipeline

import "outcrop/internal/catalog"

// The endpoints, one row each.
var (
	ChatCompletions = &Endpoint{Name: "chat.completions", Kind: catalog.Chat, Digest: digestChat, Keeps: &keptChat,
		Chat: &Chatting{Links: chatLinks, Refuse: refuseChat}}
	Embeddings  = &Endpoint{Name: "embeddings", Kind: catalog.Embed, Digest: digestVectors, Keeps: &keptItems}
	Moderations = &Endpoint{Name: "moderations"} // an end of the outer chain
)

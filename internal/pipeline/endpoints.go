package pipeline

import (
	"context"

	"outcrop/internal/catalog"
	"outcrop/openai"
	"outcrop/translate"
)

// Endpoint is what differs between kinds of call.
type Endpoint struct {
	Name    string       // "chat.completions": metric label, configuration key
	Kind    catalog.Kind // which models it serves
	Attempt Attempt      // translate, invoke, translate back
	// Links checks the request and lists what has to be fetched for it; nil where requests have no links.
	Links func(c *Call, t catalog.Target) ([]translate.Link, error)
	// Recall answers from memory what was asked before; nil where nothing is kept.
	Recall func(ctx context.Context, r *recaller, c *Call) (Reply, error)
	// Digest tells the record what a part says, so that it can be proven later; nil where that is nothing.
	Digest func(d digester, p openai.Part)
	Fold   func(parts []openai.Part) (openai.Part, error)      // the parts of a stream into the plain answer; a plain one stays
	Unfold func(p openai.Part, m translate.Meta) []openai.Part // and back, under id and time of m; a chunk stays
}

// Attempt is one try against one target.
type Attempt func(ctx context.Context, e *engine, b Backend, c *Call, t catalog.Target) (Reply, error)

// The endpoints, one row each.
var (
	ChatCompletions = &Endpoint{Name: "chat.completions", Kind: catalog.Chat, Attempt: attemptChat, Links: chatLinks,
		Recall: recallChat, Fold: foldChat, Unfold: unfoldChat, Digest: digestChat}
	Embeddings = &Endpoint{Name: "embeddings", Kind: catalog.Embed, Attempt: attemptEmbeddings, Recall: recallItems, Digest: digestVectors}
)

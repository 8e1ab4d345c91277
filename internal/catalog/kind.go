package catalog

// Kind is what a model is for.
type Kind string

// The kinds that an endpoint of Outcrop serves; other kinds of the catalogue are only listed.
const (
	Chat  Kind = "chat"
	Embed Kind = "embed"
)

// ServedKind is what the gateway knows of a kind of models that it has an endpoint for.
type ServedKind struct {
	Name     string // as people say, and the list of models
	Article  string // that goes before it
	Path     string // of its endpoint, behind the prefix of the API
	Unserved string // why some of its models cannot be used there
	Alone    bool   // the answers of two of its models cannot be compared, so that none may stand in for another

	serves func(*Model) Tri
}

// Serves tells whether the endpoint of its kind can serve a model.
func (k *ServedKind) Serves(m *Model) Tri { return k.serves(m) }

// Kinds has a row for each kind that is served.
var Kinds = map[Kind]*ServedKind{
	Chat: {Name: "chat", Article: "a", Path: "/chat/completions",
		Unserved: "Amazon Bedrock does not serve it through the Converse API",
		serves:   func(m *Model) Tri { return m.Converse }},
	Embed: {Name: "embedding", Article: "an", Path: "/embeddings", Alone: true,
		Unserved: "its embeddings have no counterpart in the OpenAI API",
		serves: func(m *Model) Tri {
			if m.EmbedShape == EmbedNone {
				return No
			}
			return Yes
		}},
}

// AllServed says in words what Kinds has rows for.
const AllServed = "chat and embedding models"

package wire

import "net/url"

// Operation is a call of the API: its name and the names in its path, decoded.
type Operation struct {
	Name    string
	ID      string     // model id, profile id or guardrail
	Version string     // of a guardrail
	Query   url.Values // of a GET
	Spec    string     // fault suffix of the id
}

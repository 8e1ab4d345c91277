package offline

import "net/url"

// operation is a call of the API: its name and the names in its path, decoded.
type operation struct {
	name    string
	id      string     // model id, profile id or guardrail
	version string     // of a guardrail
	query   url.Values // of a GET
	spec    string     // fault suffix of the id
}

package offline

import (
	"net/http"
	"net/url"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// routes maps the last path segments of POST /model/{id}/… to operations.
var routes = map[string]string{
	"converse":                    "Converse",
	"converse-stream":             "ConverseStream",
	"invoke":                      "InvokeModel",
	"invoke-with-response-stream": "InvokeModelWithResponseStream",
	"count-tokens":                "CountTokens",
}

// route finds the operation of a request. Path segments are cut before they are decoded, so that an id keeps its %2F;
// ok is false for anything that is no operation.
func route(r *http.Request) (op wire.Operation, ok bool) {
	var seg []string
	for _, s := range strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/") {
		d, err := url.PathUnescape(s)
		if err != nil {
			return op, false
		}
		seg = append(seg, d)
	}
	op.Query = r.URL.Query()
	switch {
	case r.Method == http.MethodPost && len(seg) == 3 && seg[0] == "model" && routes[seg[2]] != "":
		op.Name = routes[seg[2]]
		op.ID, op.Spec, _ = strings.Cut(seg[1], "+")
	case r.Method == http.MethodPost && len(seg) == 5 && seg[0] == "guardrail" && seg[2] == "version" && seg[4] == "apply":
		op.Name, op.Version = "ApplyGuardrail", seg[3]
		op.ID, op.Spec, _ = strings.Cut(seg[1], "+")
	case r.Method == http.MethodPost && len(seg) == 2 && seg[0] == "guardrail-checks" && seg[1] == "invoke":
		op.Name = "InvokeGuardrailChecks"
	case r.Method != http.MethodGet:
		return op, false
	case len(seg) == 1 && seg[0] == "foundation-models":
		op.Name = "ListFoundationModels"
	case len(seg) == 2 && seg[0] == "foundation-models":
		op.Name, op.ID = "GetFoundationModel", seg[1]
	case len(seg) == 1 && seg[0] == "inference-profiles":
		op.Name = "ListInferenceProfiles"
	case len(seg) == 2 && seg[0] == "inference-profiles":
		op.Name, op.ID = "GetInferenceProfile", seg[1]
	default:
		return op, false
	}
	return op, true
}

// unknownOperation is what a wrong path comes back as, with status 200 [FACTS 2.10].
func unknownOperation() *wire.Reply {
	return wire.OkJSON([]byte(
		`{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}`))
}

package catalog

import (
	"regexp"
	"strings"
)

// arn is an ARN that Bedrock takes as modelId [F 1.1].
type arn struct {
	region string // "" in global ARNs
	kind   string // "foundation-model", "application-inference-profile" …
	name   string // what follows the kind
}

// The region becomes part of a host name that is called with the gateway's credentials, so that only what looks like a
// region of AWS passes.
var arnForm = regexp.MustCompile(
	`^arn:aws(?:-[a-z]+)*:(bedrock|sagemaker):((?:[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})?):((?:[0-9]{12})?):` +
		`([a-z-]+)/([A-Za-z0-9][A-Za-z0-9._:/-]*)$`)

// ARN kinds that name a resource of an account and do not tell its base model.
var accountKinds = map[string]string{
	"application-inference-profile": "bedrock",
	"provisioned-model":             "bedrock",
	"custom-model":                  "bedrock",
	"imported-model":                "bedrock",
	"custom-model-deployment":       "bedrock",
	"prompt-router":                 "bedrock",
	"default-prompt-router":         "bedrock",
	"prompt":                        "bedrock",
	"endpoint":                      "sagemaker",
}

const (
	foundationModel    = "foundation-model"
	inferenceProfile   = "inference-profile"
	applicationProfile = "application-inference-profile"
)

func parseARN(s string) (arn, bool) {
	p := arnForm.FindStringSubmatch(s)
	if p == nil {
		return arn{}, false
	}
	service, a := p[1], arn{region: p[2], kind: p[4], name: p[5]}
	if service == "bedrock" && (a.kind == foundationModel || a.kind == inferenceProfile) {
		return a, true
	}
	return a, accountKinds[a.kind] == service
}

// IsARN tells whether a name is meant as an ARN, whether or not it is a good one.
func IsARN(name string) bool { return strings.HasPrefix(name, "arn:") }

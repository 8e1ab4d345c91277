package converse

import (
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"outcrop/openai"
	"outcrop/translate"
)

// What Bedrock takes as a guardrail (FACTS 1.2.5).
var (
	guardrailID = regexp.MustCompile(
		`^([a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)$`)
	guardrailVersion = regexp.MustCompile(`^([1-9][0-9]{0,7}|DRAFT)$`)
)

const longestGuardrailID = 2048

// guard sets guardrailConfig from the first source that names one (R-GRD-01): the body, the headers, the gateway's
// default.
func (c *pass) guard() {
	g, path := c.guardrail()
	if g == nil {
		return
	}
	switch {
	case g.Identifier == "":
		c.Missing(path + ".guardrail_identifier")
	case g.Version == "":
		c.Missing(path + ".guardrail_version")
	case len(g.Identifier) > longestGuardrailID || !guardrailID.MatchString(g.Identifier):
		c.Refuse(openai.CodeInvalidValue, path+".guardrail_identifier",
			"Invalid value: expected the id of a guardrail (lower-case letters and digits) or its ARN.")
	case !guardrailVersion.MatchString(g.Version):
		c.Refuse(openai.CodeInvalidValue, path+".guardrail_version",
			"Invalid value: '%s'. Expected the number of a version, or 'DRAFT'.", g.Version)
	}
	config := &types.GuardrailConfiguration{
		GuardrailIdentifier: &g.Identifier, GuardrailVersion: &g.Version,
		// Without the trace nobody could tell a masked answer from a blocked one (R-GRD-04).
		Trace: types.GuardrailTraceEnabled,
	}
	asked := c.opts.Guardrail.Trace
	if body := c.req.Guardrail; body != nil && body.Trace != "" {
		asked = body.Trace
	}
	switch asked {
	case "", "disabled":
	case "enabled", "enabled_full":
		c.out.Trace = true
	default:
		c.Refuse(openai.CodeInvalidValue, path+".trace",
			"Invalid value: '%s'. Supported values are: 'enabled', 'disabled' and 'enabled_full'.", asked)
	}
	if asked == "enabled_full" || g.Trace == "enabled_full" {
		config.Trace = types.GuardrailTraceEnabledFull
	}
	c.in.GuardrailConfig = config
}

// guardrail finds the guardrail that counts, and the path of its member in the body.
func (c *pass) guardrail() (*translate.Guardrail, string) {
	const path = "guardrail_config"
	body, header, fallback := c.req.Guardrail, &c.opts.Guardrail, &c.opts.DefaultGuardrail
	var asked translate.Guardrail
	if body != nil {
		c.out.guardStream = c.streamMode(body.StreamProcessingMode)
		asked = translate.Guardrail{Identifier: body.Identifier, Version: body.Version}
	}
	named := func(g *translate.Guardrail) bool { return g.Identifier != "" || g.Version != "" }
	switch {
	case named(&asked) && body.Member != bedrockMember:
	case named(header):
		return header, path
	case named(&asked):
	case named(fallback):
		return fallback, path
	case body == nil:
		return nil, ""
	}
	return &translate.Guardrail{Identifier: asked.Identifier, Version: asked.Version}, path
}

// bedrockMember is how Bedrock's own OpenAI endpoint names a guardrail in the body; it ranks with the headers
// (R-GRD-01).
const bedrockMember = "amazon-bedrock-guardrailConfig"

func (c *pass) streamMode(mode string) types.GuardrailStreamProcessingMode {
	switch mode {
	case "", "sync", "async":
	default:
		c.Refuse(openai.CodeInvalidValue, "guardrail_config.stream_processing_mode",
			"Invalid value: '%s'. Supported values are: 'sync' and 'async'.", mode)
	}
	return types.GuardrailStreamProcessingMode(mode)
}

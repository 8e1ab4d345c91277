package bedrock

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	modelPrefix  = "The model returned the following errors: "
	messageLimit = 1000 // characters of an AWS text that are passed on (R-ERR-04)
)

// secrets is what a text of AWS may hold and a client may not see (R-GEN-08): web and host addresses of AWS, ARNs,
// account numbers and canonical bucket owners, user and role names, access keys, API keys and session tokens. They are
// found in the middle of a word too: in a text that was escaped twice a letter stands before them (`\nASIA…`).
var secrets = regexp.MustCompile(strings.Join([]string{
	`(?i:arn:aws[a-z-]*:[^\s"'` + "`" + `()<>\]]*)`,
	`(?i:(?:https?://)?(?:[a-z0-9_*-]+\.)*(?:amazonaws\.com(?:\.cn)?|amazonwebservices\.com(?:\.cn)?|aws\.amazon\.com|api\.aws|on\.aws|c2s\.ic\.gov|sc2s\.sgov\.gov)(?::\d+)?(?:/[^\s"'` + "`" + `<>]*)?)`,
	`(?i:(?:assumed-role|role|user)/[\w+=,.@/-]+)`,
	`(?:User|Principal): [^\s,;]+`,
	`(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA|ABIA|ACCA)[A-Z0-9]{12,}`,
	`ABSK[A-Za-z0-9+/=]{8,}`,
	`bedrock-api-key-[A-Za-z0-9+/=_-]+`,
	`IQoJ[A-Za-z0-9+/=]{16,}`,
	`[0-9a-fA-F]{64}`,
	`[0-9]{12,}`,
}, "|"))

const redacted = "[redacted]"

// clean makes a text of AWS fit for a client.
func clean(text string) string {
	if len(text) > 16*messageLimit {
		text = text[:16*messageLimit] // bounds the work on a hostile text; what follows would be cut off anyway
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), modelPrefix))
	text = secrets.ReplaceAllStringFunc(text, redact)
	if utf8.RuneCountInString(text) > messageLimit {
		text = string([]rune(text)[:messageLimit-1]) + "…"
	}
	return text
}

func redact(match string) string {
	if match == "user/assistant" { // the two roles of a conversation, and nobody's name
		return match
	}
	return redacted
}

package offline

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// entityTypes are the kinds of sensitive information that can be asked for.
var entityTypes = []string{
	"ADDRESS", "AGE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "CA_HEALTH_NUMBER", "CA_SOCIAL_INSURANCE_NUMBER", "CREDIT_DEBIT_CARD_CVV",
	"CREDIT_DEBIT_CARD_EXPIRY", "CREDIT_DEBIT_CARD_NUMBER", "DRIVER_ID", "EMAIL", "INTERNATIONAL_BANK_ACCOUNT_NUMBER", "IP_ADDRESS", "LICENSE_PLATE",
	"MAC_ADDRESS", "NAME", "PASSWORD", "PHONE", "PIN", "SWIFT_CODE", "UK_NATIONAL_HEALTH_SERVICE_NUMBER", "UK_NATIONAL_INSURANCE_NUMBER",
	"UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "URL", "USERNAME", "US_BANK_ACCOUNT_NUMBER", "US_BANK_ROUTING_NUMBER",
	"US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "US_PASSPORT_NUMBER", "US_SOCIAL_SECURITY_NUMBER", "VEHICLE_IDENTIFICATION_NUMBER",
}

// checksShape is the body of InvokeGuardrailChecks [FACTS 6.5].
func checksShape() *shape {
	category := func(values ...string) *shape {
		return structure(map[string]*shape{"category": enum(values...)}, "category")
	}
	return structure(map[string]*shape{
		"messages": list(structure(map[string]*shape{
			"role":    enum("user", "assistant", "system"),
			"content": list(union(map[string]*shape{"text": str()})),
		}, "role", "content")).sensitive(),
		"checks": structure(map[string]*shape{
			"contentFilter": structure(map[string]*shape{
				"categories": list(category("VIOLENCE", "HATE", "SEXUAL", "MISCONDUCT", "INSULTS")).between(1, 5)}, "categories"),
			"promptAttack": structure(map[string]*shape{
				"categories": list(category("JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE")).between(1, 3)}, "categories"),
			"sensitiveInformation": structure(map[string]*shape{
				"entities": list(structure(map[string]*shape{"type": enum(entityTypes...)}, "type")).between(1, 31)}, "entities"),
		}),
	}, "messages", "checks")
}

type wantedCategories struct {
	Categories []struct {
		Category string `json:"category"`
	} `json:"categories"`
}

type checksRequest struct {
	Messages []struct {
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"messages"`
	Checks struct {
		Filter    *wantedCategories `json:"contentFilter"`
		Attack    *wantedCategories `json:"promptAttack"`
		Sensitive *struct {
			Entities []struct {
				Type string `json:"type"`
			} `json:"entities"`
		} `json:"sensitiveInformation"`
	} `json:"checks"`
}

// filter is what one category is found by: words, or expressions.
type filter struct {
	name string
	expr *regexp.Regexp
}

// score is 0.9 for a text that holds what the category looks for.
func (f filter) score(text string) float64 {
	if f.expr.MatchString(text) {
		return 0.9
	}
	return 0
}

// What the checks know is little, but enough to see them work.
var (
	categories = []filter{
		{"VIOLENCE", regexp.MustCompile(`(?i)\b(kill|murder|stab|shoot) (him|her|them|you|everyone|people)\b`)},
		{"HATE", regexp.MustCompile(`(?i)\bhate (all|those) [a-z]+s\b|\bsubhuman\b`)},
		{"SEXUAL", regexp.MustCompile(`(?i)\bexplicit sex\b|\bpornograph`)},
		{"MISCONDUCT", regexp.MustCompile(`(?i)\b(build|make) a (pipe )?bomb\b|\bsteal (a )?credit cards?\b`)},
		{"INSULTS", regexp.MustCompile(`(?i)\byou('re| are)? (an? )?(stupid|complete |worthless )*(idiot|moron|loser)\b`)},
	}
	attacks = []filter{
		{"JAILBREAK", regexp.MustCompile(`(?i)\b(you are now dan|do anything now|without any (rules|restrictions))\b`)},
		{"PROMPT_INJECTION", regexp.MustCompile(`(?i)\b(ignore|disregard|forget) (all |any )?(the |your )?(previous|prior|above|earlier) (instructions|rules|prompts?)\b`)},
		{"PROMPT_LEAKAGE", regexp.MustCompile(`(?i)\b(reveal|print|repeat|show)( me)? (your|the) system prompt\b`)},
	}
	personalForms = []filter{
		{"EMAIL", regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}`)},
		{"US_SOCIAL_SECURITY_NUMBER", regexp.MustCompile(`\b\d{3}-\d{2}-\d{4}\b`)},
		{"NAME", regexp.MustCompile(`\b` + maskWord + `\b`)},
	}
)

// bit is a piece of a text, in bytes.
type bit struct {
	kind       string
	start, end int
}

// personal finds what is personal in a text, in order.
func personal(text string) []bit {
	var all []bit
	for _, f := range personalForms {
		for _, m := range f.expr.FindAllStringIndex(text, -1) {
			all = append(all, bit{f.name, m[0], m[1]})
		}
	}
	slices.SortFunc(all, func(a, b bit) int { return cmp.Compare(a.start, b.start) })
	return all
}

// invokeChecks answers InvokeGuardrailChecks. Offsets are in characters; the service's own are unconfirmed.
func (s *Server) invokeChecks(body []byte) *reply {
	v, e := decodeAny(body)
	if e == nil {
		e = refusal(check(s.shapes.checks, v))
	}
	if e != nil {
		return e.reply()
	}
	var r checksRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return (&exception{name: "SerializationException", message: err.Error()}).reply()
	}
	var texts []string
	for _, m := range r.Messages {
		for _, c := range m.Content {
			texts = append(texts, c.Text)
		}
	}
	all := strings.Join(texts, "\n")
	results, usage := map[string]any{}, map[string]any{}
	used := map[string]any{"textUnits": units(all)}
	if w := r.Checks.Filter; w != nil {
		results["contentFilter"], usage["contentFilter"] = map[string]any{"results": w.scores(categories, all)}, used
	}
	if w := r.Checks.Attack; w != nil {
		results["promptAttack"], usage["promptAttack"] = map[string]any{"results": w.scores(attacks, all)}, used
	}
	if r.Checks.Sensitive != nil {
		results["sensitiveInformation"], usage["sensitiveInformation"] = map[string]any{"results": r.entities(), "truncated": false}, used
	}
	return okJSON(marshal(map[string]any{"results": results, "usage": usage}))
}

func (w *wantedCategories) scores(by []filter, text string) []any {
	var out []any
	for _, c := range w.Categories {
		for _, f := range by {
			if f.name == c.Category {
				out = append(out, map[string]any{"category": f.name, "severityScore": f.score(text)})
			}
		}
	}
	return out
}

func (r *checksRequest) entities() []any {
	out := []any{}
	for i, m := range r.Messages {
		for j, c := range m.Content {
			for _, f := range personal(c.Text) {
				wanted := slices.ContainsFunc(r.Checks.Sensitive.Entities, func(e struct {
					Type string `json:"type"`
				}) bool {
					return e.Type == f.kind
				})
				if !wanted {
					continue
				}
				start := utf8.RuneCountInString(c.Text[:f.start])
				out = append(out, map[string]any{"type": f.kind, "confidenceScore": 0.95, "messageIndex": i, "contentIndex": j,
					"beginOffset": start, "endOffset": start + utf8.RuneCountInString(c.Text[f.start:f.end])})
			}
		}
	}
	return out
}

package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"outcrop/policy/finding"
)

// Action is what becomes of a finding.
type Action string

// The actions. Flag only writes a finding down, as allow does; it is what injection scans say.
const (
	Allow    Action = "allow"
	Flag     Action = "flag"
	Mask     Action = "mask"     // j***@e***.com
	Redact   Action = "redact"   // <EMAIL>
	Tokenize Action = "tokenize" // <EMAIL_1>, put back in the answer
	Block    Action = "block"
)

// Config is the rules of one profile, in the shape of the section security of the configuration file.
type Config struct {
	Redaction Redaction     `yaml:"pii_redaction"`
	Injection InjectionScan `yaml:"prompt_injection_scan"`
	// AllowedDomains are the only hosts that links and images of answers may name: "https://example.com", "*.example.com",
	// "example.com:8443". Empty allows all.
	AllowedDomains []string `yaml:"allowed_domains" help:"only hosts that links and images of answers may name, and media may be fetched from: https://example.com, *.example.com; empty allows all"`
	// redact (the default: links lose their address) or block
	DomainAction Action      `yaml:"domain_action" help:"what becomes of other addresses in answers: redact (they are removed), block or flag"`
	Output       OutputRules `yaml:"output"`
}

// Redaction says which kinds are looked for and what becomes of them.
type Redaction struct {
	Enabled bool `yaml:"enabled" help:"whether personal data is looked for"`
	// empty is every kind
	Entities []string `yaml:"entities" help:"kinds that are looked for; empty is every kind"`
	// "" is redact
	Action Action `yaml:"action" help:"what becomes of a finding: redact (the default), mask, tokenize, block, allow or flag"`
	// by kind
	Actions map[string]Action `yaml:"actions" help:"what becomes of findings, by kind"`
	// in place of Action, for texts on their way in
	Input Action `yaml:"input" help:"what becomes of findings in requests, in place of action"`
	// and for answers
	Output Action `yaml:"output" help:"what becomes of findings in answers, in place of action"`
	// by role: user, tool, system, assistant
	Roles      map[string]Action  `yaml:"roles" help:"by role: user, tool, system, assistant"`
	Threshold  float64            `yaml:"threshold" help:"least score of a finding; 0 is 0.8"`
	Thresholds map[string]float64 `yaml:"thresholds" help:"least score of a finding, by kind"` // by kind
	Regions    []string           `yaml:"phone_regions" help:"countries whose phone numbers are known in their local form"`
	Custom     []Custom           `yaml:"custom" help:"kinds of your own: kind, pattern (RE2), checksum, score, context"`
	// what becomes of a request with what cannot be read (PDF, images): allow or block
	Unscanned Action `yaml:"unscanned" help:"what becomes of a request with what cannot be read, such as PDFs and images: allow or block"`
}

// InjectionScan is the scan for prompt injections.
type InjectionScan struct {
	Enabled       bool     `yaml:"enabled" help:"whether prompt injections are looked for"`
	Patterns      []string `yaml:"patterns" help:"phrases that add to the score of a text"`
	PatternWeight float64  `yaml:"pattern_weight" help:"what one of the phrases adds; 0 is 0.5"`
	Threshold     float64  `yaml:"threshold" help:"score from which a text counts as an attack; 0 is 0.8"`
	// block (the default) or flag
	Action Action            `yaml:"action" help:"what becomes of an attack: block (the default) or flag"`
	Roles  map[string]Action `yaml:"roles" help:"by role: user, tool, system, assistant"`
}

// OutputRules are limits of answers.
type OutputRules struct {
	// characters of one text; 0 is no limit
	MaxLength int `yaml:"max_length" help:"longest text of an answer in characters; 0 is no limit"`
	// expressions (RE2) that no answer may hold
	Forbidden []string `yaml:"forbidden" help:"expressions (RE2) that no answer may hold"`
	// what becomes of keys and secrets in answers; "" leaves it to pii_redaction
	Secrets Action `yaml:"secrets" help:"what becomes of keys and secrets in answers; empty leaves it to pii_redaction"`
	// strings of the system prompt that no answer may show
	Canaries []string `yaml:"canaries" help:"strings of the system prompt that no answer may show"`
	// LeakWords is how many words in a row an answer may take from the system prompt before it counts as leaked; 0 is off.
	LeakWords int `yaml:"leak_words" help:"how many words in a row an answer may take from the system prompt before it counts as leaked; 0 is off"`
	// of forbidden patterns, canaries and leaks: block (the default), redact or flag
	Action Action `yaml:"action" help:"what becomes of forbidden patterns, canaries and leaks: block (the default), redact or flag"`
}

// Default is every local detector on, redact, threshold 0.8: what `outcrop scan` does without a configuration.
func Default() Config {
	return Config{Redaction: Redaction{Enabled: true, Action: Redact, Threshold: 0.8},
		Injection: InjectionScan{Enabled: true, Threshold: 0.8, Action: Block}}
}

// secretKinds are the kinds that [OutputRules] calls secrets.
var secretKinds = []string{KindAWSKey, KindAWSSecret, KindSecret}

// kindAliases are other names that people give to kinds.
var kindAliases = map[string]string{
	"PHONE": KindPhone, "SSN": KindSSN, "US_SOCIAL_SECURITY_NUMBER": KindSSN, "NAME": KindPerson,
	"EMAIL_ADDRESS": KindEmail, "IP": KindIP,
	"IBAN_CODE": KindIBAN, "CREDIT_DEBIT_CARD_NUMBER": KindCard, "AWS_KEY": KindAWSKey, "API_KEY": KindSecret,
	"SECRETS":  KindSecret,
	"LOCATION": KindAddress, "STREET_ADDRESS": KindAddress,
}

func kindOf(name string) string {
	name = strings.ToUpper(strings.TrimSpace(name))
	if k, ok := kindAliases[name]; ok {
		return k
	}
	return name
}

// check gives everything that is wrong with a configuration.
func (c *Config) check() error {
	var bad []error
	add := func(format string, args ...any) { bad = append(bad, fmt.Errorf(format, args...)) }
	known := func(where string, a Action, of ...Action) {
		if a != "" && !slices.Contains(of, a) {
			add("%s: must be one of %v, not %q", where, of, a)
		}
	}
	all := []Action{Redact, Mask, Tokenize, Block, Allow, Flag}
	r := &c.Redaction
	known("pii_redaction.action", r.Action, all...)
	known("pii_redaction.input", r.Input, all...)
	known("pii_redaction.output", r.Output, all...)
	known("pii_redaction.unscanned", r.Unscanned, Allow, Block)
	for k, a := range r.Actions {
		known("pii_redaction.actions["+k+"]", a, all...)
		if !c.knownKind(k) {
			add("pii_redaction.actions: %q is not a kind", k)
		}
	}
	for k, a := range r.Roles {
		known("pii_redaction.roles["+k+"]", a, all...)
	}
	for _, k := range r.Entities {
		if !c.knownKind(k) {
			add("pii_redaction.entities: %q is not a kind", k)
		}
	}
	for k, t := range r.Thresholds {
		if t < 0 || t > 1 || !c.knownKind(k) {
			add("pii_redaction.thresholds[%s]: must be a kind, and 0 to 1", k)
		}
	}
	if r.Threshold < 0 || r.Threshold > 1 {
		add("pii_redaction.threshold: must be 0 to 1")
	}
	known("prompt_injection_scan.action", c.Injection.Action, Block, Flag, Allow)
	for k, a := range c.Injection.Roles {
		known("prompt_injection_scan.roles["+k+"]", a, Block, Flag, Allow)
	}
	known("domain_action", c.DomainAction, Redact, Block, Flag)
	known("output.action", c.Output.Action, Redact, Block, Flag)
	known("output.secrets", c.Output.Secrets, all...)
	if c.Output.MaxLength < 0 || c.Output.LeakWords < 0 || c.Output.LeakWords > 0 && c.Output.LeakWords < 4 {
		add("output: max_length is 0 or more, leak_words 0 or 4 and more")
	}
	return errors.Join(bad...)
}

func (c *Config) knownKind(name string) bool {
	k := kindOf(name)
	if _, ok := finding.Priority[k]; ok {
		return true
	}
	return slices.ContainsFunc(c.Redaction.Custom, func(r Custom) bool { return r.Kind == k })
}

// action is what becomes of a finding of a kind in a text: the most particular rule wins, kind before role before
// direction.
func (c *Config) action(kind string, d Direction, role string) Action {
	r := &c.Redaction
	if d == Output && c.Output.Secrets != "" && slices.Contains(secretKinds, kind) {
		return c.Output.Secrets
	}
	for k, a := range r.Actions {
		if kindOf(k) == kind {
			return a
		}
	}
	if a, ok := r.Roles[role]; ok {
		return a
	}
	if d == Input && r.Input != "" {
		return r.Input
	}
	if d == Output && r.Output != "" {
		return r.Output
	}
	if r.Action == "" {
		return Redact
	}
	return r.Action
}

func (c *Config) threshold(kind string) float64 {
	for k, t := range c.Redaction.Thresholds {
		if kindOf(k) == kind {
			return t
		}
	}
	if c.Redaction.Threshold == 0 {
		return 0.8
	}
	return c.Redaction.Threshold
}

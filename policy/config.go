package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
	AllowedDomains []string    `yaml:"allowed_domains"`
	DomainAction   Action      `yaml:"domain_action"` // redact (the default: links lose their address) or block
	Output         OutputRules `yaml:"output"`
}

// Redaction says which kinds are looked for and what becomes of them.
type Redaction struct {
	Enabled    bool               `yaml:"enabled"`
	Entities   []string           `yaml:"entities"` // empty is every kind
	Action     Action             `yaml:"action"`   // "" is redact
	Actions    map[string]Action  `yaml:"actions"`  // by kind
	Input      Action             `yaml:"input"`    // in place of Action, for texts on their way in
	Output     Action             `yaml:"output"`   // and for answers
	Roles      map[string]Action  `yaml:"roles"`    // by role: user, tool, system, assistant
	Threshold  float64            `yaml:"threshold"`
	Thresholds map[string]float64 `yaml:"thresholds"` // by kind
	Regions    []string           `yaml:"phone_regions"`
	Custom     []Custom           `yaml:"custom"`
	Unscanned  Action             `yaml:"unscanned"` // what becomes of a request with what cannot be read (PDF, images): allow or block
}

// InjectionScan is the scan for prompt injections.
type InjectionScan struct {
	Enabled       bool              `yaml:"enabled"`
	Patterns      []string          `yaml:"patterns"`
	PatternWeight float64           `yaml:"pattern_weight"`
	Threshold     float64           `yaml:"threshold"`
	Action        Action            `yaml:"action"` // block (the default) or flag
	Roles         map[string]Action `yaml:"roles"`
}

// OutputRules are limits of answers.
type OutputRules struct {
	MaxLength int      `yaml:"max_length"` // characters of one text; 0 is no limit
	Forbidden []string `yaml:"forbidden"`  // expressions (RE2) that no answer may hold
	Secrets   Action   `yaml:"secrets"`    // what becomes of keys and secrets in answers; "" leaves it to pii_redaction
	Canaries  []string `yaml:"canaries"`   // strings of the system prompt that no answer may show
	// LeakWords is how many words in a row an answer may take from the system prompt before it counts as leaked; 0 is off.
	LeakWords int    `yaml:"leak_words"`
	Action    Action `yaml:"action"` // of forbidden patterns, canaries and leaks: block (the default), redact or flag
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
	"PHONE": KindPhone, "SSN": KindSSN, "US_SOCIAL_SECURITY_NUMBER": KindSSN, "NAME": KindPerson, "EMAIL_ADDRESS": KindEmail, "IP": KindIP,
	"IBAN_CODE": KindIBAN, "CREDIT_DEBIT_CARD_NUMBER": KindCard, "AWS_KEY": KindAWSKey, "API_KEY": KindSecret, "SECRETS": KindSecret,
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
	if _, ok := priority[k]; ok {
		return true
	}
	return slices.ContainsFunc(c.Redaction.Custom, func(r Custom) bool { return r.Kind == k })
}

// action is what becomes of a finding of a kind in a text: the most particular rule wins, kind before role before direction.
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

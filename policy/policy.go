package policy

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"outcrop/policy/finding"
	"outcrop/policy/form"
	"outcrop/policy/injection"
)

// Kinds of findings that rules of answers report.
const (
	KindInjection = "PROMPT_INJECTION"
	KindDomain    = "DOMAIN"    // an address outside allowed_domains
	KindForbidden = "FORBIDDEN" // a forbidden pattern
	KindCanary    = "CANARY"    // a canary string
	KindLeak      = "PROMPT_LEAK"
	KindLength    = "LENGTH"
)

// Policy is the rules of one profile with their detectors. It never changes and is safe for concurrent use.
type Policy struct {
	cfg       Config
	detectors []Detector
	injection *injection.Scanner
	domains   *form.Domains
	output    *outputRules
}

// Decision is how much of a kind was found under a role and what became of it, never the text: what the record keeps.
type Decision struct {
	Kind   string
	Action Action
	Role   string
	Path   string // of the first
	Count  int
	Score  float64 // the highest
}

// Verdict is what inspecting some texts led to.
type Verdict struct {
	Blocked   bool
	Texts     []string // rewritten, in the order given; meaningless when blocked
	Decisions []Decision
	Findings  []Finding // where in the texts; of texts with JSON none are listed
	Injection float64   // the highest score of a text

	moves []Moves // of each text; nil when none was changed
}

// Moved tells that a text was changed.
func (v *Verdict) Moved() bool { return v.moves != nil }

// Moves tell where the places of text i lie in Texts[i].
func (v *Verdict) Moves(i int) Moves {
	if v.moves == nil {
		return Moves{}
	}
	return v.moves[i]
}

// New builds the detectors that a configuration asks for. Its error names everything that is wrong.
func New(cfg Config) (*Policy, error) {
	bad := []error{cfg.check()}
	if len(cfg.Redaction.Regions) == 0 {
		cfg.Redaction.Regions = form.DefaultRegions
	}
	p := &Policy{cfg: cfg}
	var err error
	wanted := p.wanted()
	if cfg.Redaction.Enabled || cfg.Output.Secrets != "" {
		for _, row := range detectors {
			d, err := row.make(&cfg, wanted)
			bad = append(bad, err)
			if d != nil && err == nil {
				p.detectors = append(p.detectors, d)
			}
		}
	}
	if s := cfg.Injection; s.Enabled {
		p.injection, err = injection.New(injection.Config{Patterns: s.Patterns, PatternWeight: s.PatternWeight,
			Threshold: s.Threshold})
		bad = append(bad, err)
	}
	p.domains, err = form.NewDomains(cfg.AllowedDomains)
	bad = append(bad, err)
	p.output, err = newOutputRules(cfg.Output)
	if err := errors.Join(append(bad, err)...); err != nil {
		return nil, err
	}
	return p, nil
}

// wanted tells which kinds are looked for.
func (p *Policy) wanted() func(string) bool {
	c := &p.cfg
	return func(kind string) bool {
		if c.Output.Secrets != "" && slices.Contains(secretKinds, kind) {
			return true
		}
		if !c.Redaction.Enabled {
			return false
		}
		return len(c.Redaction.Entities) == 0 ||
			slices.ContainsFunc(c.Redaction.Entities, func(e string) bool { return kindOf(e) == kind })
	}
}

// Allows tells whether an address may be named in answers or fetched for a request.
func (p *Policy) Allows(address string) bool { return p.domains.Allows(address) }

// Unscanned is what becomes of a request with contents that cannot be read.
func (p *Policy) Unscanned() Action {
	if p.cfg.Redaction.Unscanned == Block {
		return Block
	}
	return Allow
}

// Find gives what the detectors find in texts with at least the threshold of its kind, without overlaps.
func (p *Policy) Find(ctx context.Context, d Direction, texts []Text) ([]Finding, error) {
	var found []Finding
	for _, det := range p.detectors {
		f, err := det.Detect(ctx, d, texts)
		if err != nil {
			return nil, err
		}
		if found == nil {
			found = f
		} else {
			found = append(found, f...)
		}
	}
	wanted := p.wanted()
	for i := range found {
		found[i].Score = math.Round(min(found[i].Score, 1)*100) / 100
	}
	found = slices.DeleteFunc(found, func(f Finding) bool {
		_, local := finding.Priority[f.Kind]
		return local && !wanted(f.Kind) || f.Score < p.cfg.threshold(f.Kind)
	})
	return finding.Resolve(found), nil
}

// Session is one request on its way: what is taken out of it, so that the answer can be completed.
type Session struct {
	policy *Policy
	vault  *Vault
	system map[uint64]bool // runs of words of the system prompt
}

// Begin starts a request.
func (p *Policy) Begin() *Session { return &Session{policy: p} }

// Vault is what was taken out; nil before an input was inspected.
func (s *Session) Vault() *Vault { return s.vault }

// Inspect looks at all texts of one direction at once: Input in the order of the history, so that placeholders are
// numbered by first appearance; of Output a whole answer. The error is a detector's, not a verdict.
func (s *Session) Inspect(ctx context.Context, d Direction, texts []Text) (Verdict, error) {
	p := s.policy
	v := Verdict{Texts: make([]string, len(texts))}
	if d == Input {
		s.vault = NewVault(texts)
		if n := p.cfg.Output.LeakWords; n > 0 {
			var err error
			if s.system, err = wordRuns(ctx, texts, n); err != nil {
				return Verdict{}, err
			}
		}
	}
	for i, t := range texts {
		err := ctx.Err()
		if err == nil && d == Input && p.injection != nil {
			err = p.scanInjection(ctx, t, &v)
		}
		change := func(value string) (string, Moves) {
			if err != nil {
				return value, Moves{}
			}
			t := t
			t.Value = value
			edits, e := s.edits(ctx, d, t)
			if e != nil {
				err = e
				return value, Moves{}
			}
			v.note(t, edits)
			v.Findings = slices.Grow(v.Findings, len(edits))
			for _, e := range edits {
				if !t.JSON {
					e.Text = i
					v.Findings = append(v.Findings, e.Finding)
				}
			}
			return s.rewrite(d, value, edits)
		}
		var moves Moves
		if t.JSON {
			v.Texts[i], moves = jsonStrings(t.Value, change)
		} else {
			v.Texts[i], moves = change(t.Value)
		}
		if err != nil {
			return Verdict{}, err
		}
		if v.Texts[i] != t.Value {
			if v.moves == nil {
				v.moves = make([]Moves, len(texts))
			}
			v.moves[i] = moves
		}
	}
	return v, nil
}

func (s *Session) rewrite(d Direction, value string, edits []edit) (string, Moves) {
	if d == Output {
		// What the model wrote by itself passes under tokenize: a placeholder would be put back at once.
		edits = slices.DeleteFunc(slices.Clone(edits), func(e edit) bool { return e.action == Tokenize })
	}
	return rewrite(value, edits, s.vault)
}

// edits gives the findings of one text with what becomes of each.
func (s *Session) edits(ctx context.Context, d Direction, t Text) ([]edit, error) {
	p := s.policy
	found, err := p.Find(ctx, d, []Text{t})
	if err != nil {
		return nil, err
	}
	if d == Output {
		more, err := p.outputFindings(ctx, t.Value, s.system)
		if err != nil {
			return nil, err
		}
		found = finding.Resolve(append(found, more...))
	}
	edits := make([]edit, 0, len(found))
	for _, f := range found {
		edits = append(edits, edit{f, p.decide(f.Kind, d, t.Role)})
	}
	return edits, nil
}

func (p *Policy) decide(kind string, d Direction, role string) Action {
	or := func(a, b Action) Action {
		if a == "" {
			return b
		}
		return a
	}
	switch kind {
	case KindDomain:
		return or(p.cfg.DomainAction, Redact)
	case KindForbidden, KindCanary, KindLeak, KindLength:
		return or(p.cfg.Output.Action, Block)
	}
	return p.cfg.action(kind, d, role)
}

func (p *Policy) scanInjection(ctx context.Context, t Text, v *Verdict) error {
	action := p.onInjection(t.Role)
	if action == Allow || (t.Role == "system" || t.Role == "assistant") && p.cfg.Injection.Roles[t.Role] == "" {
		return nil // the system prompt is where orders belong, and what the model said itself is no attack
	}
	score, _, err := p.injection.ScoreContext(ctx, t.Value)
	v.Injection = max(v.Injection, score)
	if err != nil || score < injection.DefaultPatternWeight && score < p.injection.Threshold() {
		return err
	}
	if score < p.injection.Threshold() {
		action = Flag
	}
	v.note(t, []edit{{Finding{Kind: KindInjection, Score: score}, action}})
	return nil
}

// note writes edits down, one decision a kind, action and role: so there are never many, whatever a request holds.
func (v *Verdict) note(t Text, edits []edit) {
	for _, e := range edits {
		v.Blocked = v.Blocked || e.action == Block
		i := slices.IndexFunc(v.Decisions,
			func(d Decision) bool { return d.Kind == e.Kind && d.Action == e.action && d.Role == t.Role })
		if i < 0 {
			v.Decisions = append(v.Decisions, Decision{Kind: e.Kind, Action: e.action, Role: t.Role, Path: t.Path})
			i = len(v.Decisions) - 1
		}
		v.Decisions[i].Count++
		v.Decisions[i].Score = max(v.Decisions[i].Score, e.Score)
	}
}

// InjectionScore is how much a text looks like an injection, 0 without a scan. The error is the context's.
func (p *Policy) InjectionScore(ctx context.Context, text string) (float64, error) {
	if p.injection == nil {
		return 0, nil
	}
	score, _, err := p.injection.ScoreContext(ctx, text)
	return score, err
}

// BlocksInjection tells whether a text of that role and score is refused.
func (p *Policy) BlocksInjection(role string, score float64) bool {
	return p.injection != nil && score >= p.injection.Threshold() && p.onInjection(role) == Block
}

// onInjection is what becomes of an injection in a text of a role.
func (p *Policy) onInjection(role string) Action {
	if a, ok := p.cfg.Injection.Roles[role]; ok {
		return a
	}
	return cmp.Or(p.cfg.Injection.Action, Block)
}

// Profiles are policies by name; "" is the one of keys that name none.
type Profiles map[string]*Policy

// NewProfiles builds one policy a profile.
func NewProfiles(cfgs map[string]Config) (Profiles, error) {
	out := Profiles{}
	var bad []error
	for name, c := range cfgs {
		p, err := New(c)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				bad = append(bad, errors.New(strings.TrimSpace("profile "+name+": "+line)))
			}
			continue
		}
		out[name] = p
	}
	return out, errors.Join(bad...)
}

package policy

import "context"

// Opinion is what a detector that works elsewhere, behind a call, says of one text.
type Opinion struct {
	// Findings with an End are bytes of the text; the rules decide about them as about those of our own detectors. One
	// without an End is about the text as a whole.
	Findings []Judged
	// Scores tell how much of each category was seen, 0 to 1, also below any threshold.
	Scores map[string]float64
	// Replacement is the text as it may pass, where the detector itself has masked it; nil leaves it.
	Replacement *string
}

// Judged is a finding for which the detector's settings say already what becomes of it. Action is that of findings
// about a whole text: Block, Flag or Allow.
type Judged struct {
	Finding
	Action Action
}

// Quiet tells that answers of this request need no look: there is no rule for them, and nothing to put back.
func (s *Session) Quiet() bool { return s.vault.Empty() && s.Idle() }

// Idle tells that there is nothing to look for in answers.
func (s *Session) Idle() bool { return s.Stream(Text{}).idle }

// InspectWith is [Session.Inspect] with what detectors elsewhere have said of each text, in the order of texts.
func (s *Session) InspectWith(ctx context.Context, d Direction, texts []Text, said []Opinion) (Verdict, error) {
	var spans spans
	var masked bool
	wanted := s.policy.wanted()
	for i := range said {
		masked = masked || said[i].Replacement != nil
		for _, f := range said[i].Findings {
			if f.End > f.Start && f.End <= len(texts[i].Value) && wanted(f.Kind) {
				spans.add(f.Kind, texts[i].Value[f.Start:f.End], f.Score)
			}
		}
	}
	given := texts
	if masked {
		given = make([]Text, len(texts))
		for i, t := range texts {
			if r := said[i].Replacement; r != nil {
				t.Value = *r
			}
			given[i] = t
		}
	}
	own := s
	if len(spans.values) > 0 {
		p := *s.policy
		p.detectors = append(p.detectors[:len(p.detectors):len(p.detectors)], &spans)
		own = &Session{policy: &p, vault: s.vault, system: s.system}
	}
	v, err := own.Inspect(ctx, d, given)
	s.vault, s.system = own.vault, own.system
	if err != nil {
		return v, err
	}
	for i := range said {
		if r := said[i].Replacement; r != nil {
			v.masked(i, texts[i].Value, *r)
			v.note(texts[i], []edit{{Finding{Kind: KindGuardrail, Score: 1}, Redact}})
		}
		for _, f := range said[i].Findings {
			switch {
			case f.End == 0:
				v.note(texts[i], []edit{{f.Finding, f.Action}})
			case !wanted(f.Kind): // there is no rule for it
				v.note(texts[i], []edit{{f.Finding, Flag}})
			}
		}
	}
	return v, nil
}

// masked puts what a detector elsewhere made of a text before what was then changed of it here.
func (v *Verdict) masked(i int, before, after string) {
	if v.moves == nil {
		v.moves = make([]Moves, len(v.Texts))
	}
	first, then := apart(before, after), v.moves[i]
	first.then = &then
	v.moves[i] = first
}

// KindGuardrail is a text that a guardrail of Bedrock has masked or blocked.
const KindGuardrail = "GUARDRAIL"

// managedKinds are Bedrock's names of what ours are called otherwise.
var managedKinds = map[string]string{
	"NAME": KindPerson, "PHONE": KindPhone, "CREDIT_DEBIT_CARD_NUMBER": KindCard,
	"INTERNATIONAL_BANK_ACCOUNT_NUMBER": KindIBAN,
	"US_SOCIAL_SECURITY_NUMBER":         KindSSN, "PASSWORD": KindSecret,
}

// ManagedKind is the kind of a finding that Bedrock calls by another name; the others keep theirs.
func ManagedKind(bedrock string) string {
	if kind, ok := managedKinds[bedrock]; ok {
		return kind
	}
	return bedrock
}

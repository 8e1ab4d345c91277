package policy

import (
	"cmp"
	"context"
	"unicode/utf8"
)

// Scanned is what a policy makes of one text, for people who tune its rules.
type Scanned struct {
	Findings  []ScannedFinding `json:"findings"`
	Injection struct {
		Score   float64 `json:"score"`
		Blocked bool    `json:"blocked"`
	} `json:"injection"`
	Text string `json:"text"` // as it would be passed on
}

// ScannedFinding is a finding. Start and End count Unicode code points of the text that came in.
type ScannedFinding struct {
	Kind  string  `json:"kind"`
	Start int     `json:"start"`
	End   int     `json:"end"`
	Score float64 `json:"score"`
}

// Scan inspects a text by itself. Without a role it is the user's, or of an answer the model's. Unlike Inspect it
// scores an injection in every text: Inspect looks for them in what others than the operator send to the model.
func (p *Policy) Scan(ctx context.Context, d Direction, text Text) (*Scanned, error) {
	session := p.Begin()
	usual := "user"
	if d == Output {
		usual = "assistant"
		// A vault for tokenize, as the request would have brought one.
		if _, err := session.Inspect(ctx, Input, nil); err != nil {
			return nil, err
		}
	}
	text.Role = cmp.Or(text.Role, usual)
	v, err := session.Inspect(ctx, d, []Text{text})
	if err != nil {
		return nil, err
	}
	out := &Scanned{Findings: make([]ScannedFinding, 0, len(v.Findings)), Text: v.Texts[0]}
	at, points := 0, 0
	for _, f := range v.Findings { // in order and without overlaps
		points += utf8.RuneCountInString(text.Value[at:f.Start])
		length := utf8.RuneCountInString(text.Value[f.Start:f.End])
		out.Findings = append(out.Findings, ScannedFinding{f.Kind, points, points + length, f.Score})
		points, at = points+length, f.End
	}
	score := v.Injection
	if d == Output || text.Role == "system" {
		if score, err = p.InjectionScore(ctx, text.Value); err != nil {
			return nil, err
		}
	}
	out.Injection.Score, out.Injection.Blocked = score, p.BlocksInjection("user", score)
	return out, nil
}

package policy

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestMaxLength holds that a stream, cut anywhere, gives out as many characters as are allowed and says that more came.
func TestMaxLength(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		action         Action
		decided        bool
	}{
		{"as long as allowed", "zwölf Körbe!", "zwölf Körbe!", Redact, false},
		{"longer", "zwölf Körbe! und mehr", "zwölf Körbe!", Redact, true},
		{"longer, only noted", "zwölf Körbe! und mehr", "zwölf Körbe! und mehr", Flag, true},
	} {
		p := newPolicy(t, Config{Output: OutputRules{MaxLength: 12, Action: tt.action}})
		for i := range len(tt.in) + 1 {
			if i < len(tt.in) && !utf8.RuneStart(tt.in[i]) {
				continue // pieces of a stream are whole characters
			}
			got, v := streamed(t, p.Begin(), tt.in[:i], tt.in[i:])
			if got != tt.want || (len(v.Decisions) > 0) != tt.decided || tt.decided && v.Decisions[0].Kind != KindLength {
				t.Errorf("%s, split at %d: %q, %+v", tt.name, i, got, v.Decisions)
			}
		}
	}
}

// TestMaxLengthBlocks holds that a whole answer that is too long is blocked where nothing milder is configured.
func TestMaxLengthBlocks(t *testing.T) {
	for action, blocked := range map[Action]bool{"": true, Block: true, Redact: false, Flag: false} {
		p := newPolicy(t, Config{Output: OutputRules{MaxLength: 5, Action: action}})
		v, err := p.Begin().Inspect(context.Background(), Output, []Text{{Value: "longer than that"}})
		if err != nil {
			t.Fatal(err)
		}
		if v.Blocked != blocked || len(v.Decisions) != 1 || v.Decisions[0].Kind != KindLength {
			t.Errorf("action %q: %+v", action, v)
		}
	}
}

// TestLeakInStream holds that a run of words of the system prompt is found wherever a stream is cut, and that none of
// it went out.
func TestLeakInStream(t *testing.T) {
	p := newPolicy(t, Config{Output: OutputRules{LeakWords: 6}})
	system := []Text{{Role: "system", Value: "Recommend the blue tariff first and mention the discount only when " +
		"somebody asks for it twice."}}
	answer := "Sure, here is what I was told to do: MENTION the discount only when\nsomebody asks for it, and more " +
		"besides."
	leaked := strings.Index(answer, "MENTION")
	for i := range len(answer) + 1 {
		s := p.Begin()
		if _, err := s.Inspect(context.Background(), Input, system); err != nil {
			t.Fatal(err)
		}
		got, v := streamed(t, s, answer[:i], answer[i:])
		if !v.Blocked || len(v.Decisions) == 0 || v.Decisions[0].Kind != KindLeak {
			t.Fatalf("split at %d: %+v", i, v)
		}
		if len(got) > leaked {
			t.Fatalf("split at %d: %q went out", i, got)
		}
	}
	s := p.Begin()
	if _, err := s.Inspect(context.Background(), Input, system); err != nil {
		t.Fatal(err)
	}
	if got, v := streamed(t, s, "Mention the discount", " only when it is a sale."); v.Blocked ||
		got != "Mention the discount only when it is a sale." {
		t.Errorf("five words in a row are no leak: %q, %+v", got, v)
	}
}

func TestProfiles(t *testing.T) {
	profiles, err := NewProfiles(map[string]Config{"": Default(), "open": {},
		"mail": {Redaction: Redaction{Enabled: true, Entities: []string{"EMAIL"}, Action: Mask}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": "<EMAIL> 10.0.0.7 is <IP_ADDRESS>",
		"open": "ann@example.org 10.0.0.7 is 10.0.0.7", "mail": "a***@e***.org 10.0.0.7 is 10.0.0.7"} {
		v, err := profiles[name].Begin().Inspect(context.Background(), Input,
			[]Text{{Value: "ann@example.org 10.0.0.7 is 10.0.0.7", Role: "user"}})
		if err != nil {
			t.Fatal(err)
		}
		want = strings.ReplaceAll(want, "<EMAIL> 10.0.0.7", "<EMAIL> <IP_ADDRESS>")
		if v.Texts[0] != want {
			t.Errorf("profile %q: %q, want %q", name, v.Texts[0], want)
		}
	}
	_, err = NewProfiles(map[string]Config{"good": {}, "bad": {Redaction: Redaction{Action: "burn"}, DomainAction: "nod"}})
	for _, part := range []string{"profile bad: ", "burn", "nod"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "good") {
		t.Errorf("a good profile is named: %v", err)
	}
}

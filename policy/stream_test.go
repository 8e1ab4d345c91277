package policy

import (
	"context"
	"strings"
	"testing"

	"outcrop/policy/form"
)

// samples hold every kind, with words before and behind.
var samples = []string{
	"Please write to maria.lopez@example.org today, thanks a lot for it.",
	"You can call me at +1-555-123-4567x890 after lunch or so, said the agent.",
	"My phone is (312) 555-0188 and it rings all day long.",
	"The card 4539 1488 0343 6467 was declined twice.",
	"Send it to DE89 3704 0044 0532 0130 00 before the end of the week.",
	"The server 203.0.113.77 and 2001:db8:85a3::8a2e:370:7334 do not answer at all.",
	"Her social security number is 536-22-8745 as we were told.",
	"the key is AKIAIOSFODNN7EXAMPLE and must be rotated",
	"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY # do not commit",
	"use ghp_16C7e42F292c6912E7710c838347Ae178B4a for the pipeline",
	"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----\nand " +
		"more text follows",
	"look at https://intranet.example.com/wiki?page=7, then come back",
	"He lives at 1428 Elm Street, Springfield, IL 62704 since last year.",
	"Yesterday Ludwig van der Berg and Priya Raman met the team in the office.",
	"my name is john smith and i would like to order",
	"the app connects to postgres://app:s3cr3tPw@db.example.com:5432/app and then waits",
	"say curl -u admin:secret https://api.example.com/v1 and look at the answer",
	"Please write to maria.lopez&#64;example.org or maria.lopez＠example.org today.",
	"Dear Dr. Okonkwo, thank you for the referral.",
	"nothing to see here, only plain words in a row, and 42 of them at most",
}

func newPolicy(t testing.TB, cfg Config) *Policy {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func streamed(t testing.TB, s *Session, pieces ...string) (string, Verdict) {
	t.Helper()
	st := s.Stream(Text{Role: "assistant"})
	var b strings.Builder
	for _, piece := range pieces {
		out, err := st.Feed(context.Background(), piece)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(out)
	}
	out, err := st.Flush(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return b.String() + out, st.Verdict()
}

func TestStreamSplitAtEveryByte(t *testing.T) {
	p := newPolicy(t, Config{Redaction: Redaction{Enabled: true, Threshold: 0.8}})
	for _, s := range samples {
		whole, err := p.Begin().Inspect(context.Background(), Output, []Text{{Value: s, Role: "assistant"}})
		if err != nil {
			t.Fatal(err)
		}
		want := whole.Texts[0]
		for i := range len(s) + 1 {
			if got, _ := streamed(t, p.Begin(), s[:i], s[i:]); got != want {
				t.Errorf("split at %d of %q:\n got %q\nwant %q", i, s, got, want)
				break
			}
		}
		bytes := strings.Split(s, "")
		if got, _ := streamed(t, p.Begin(), bytes...); got != want {
			t.Errorf("byte by byte %q:\n got %q\nwant %q", s, got, want)
		}
		if last := samples[len(samples)-1]; s != last && want == s {
			t.Errorf("nothing is found in %q", s)
		}
	}
}

func TestStreamHoldsLittle(t *testing.T) {
	p := newPolicy(t, Config{Redaction: Redaction{Enabled: true}})
	st := p.Begin().Stream(Text{Role: "assistant"})
	in, out := 0, 0
	for _, w := range strings.SplitAfter(strings.Repeat("plain words that mean nothing at all ", 20), " ") {
		got, err := st.Feed(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		in, out = in+len(w), out+len(got)
		if in-out > 16 {
			t.Fatalf("%d bytes of plain words are held back", in-out)
		}
	}
}

func TestTokenizeAndRestore(t *testing.T) {
	p := newPolicy(t, Config{Redaction: Redaction{Enabled: true, Action: Tokenize}})
	s := p.Begin()
	v, err := s.Inspect(context.Background(), Input, []Text{
		{Value: "I keep <EMAIL_1> as it is. Write to ann.b@example.org", Role: "user"},
		{Value: `{"to":"ann.b@example.org","cc":"x\"y@z.example"}`, Role: "tool", JSON: true},
		{Value: "and to bob@example.org, not ann.b@example.org", Role: "user"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"I keep <EMAIL_1> as it is. Write to <EMAIL_2>",
		`{"to":"<EMAIL_2>","cc":"x\"<EMAIL_3>"}`, "and to <EMAIL_4>, not <EMAIL_2>"} {
		if v.Texts[i] != want {
			t.Errorf("text %d is %q, want %q", i, v.Texts[i], want)
		}
	}
	answer := "Sent to <EMAIL_2>, <EMAIL_4> and <EMAIL_1>; 1 < 2 <EMAIL_22>"
	want := "Sent to ann.b@example.org, bob@example.org and <EMAIL_1>; 1 < 2 <EMAIL_22>"
	if got, _ := s.Vault().Restore(answer, false); got != want {
		t.Errorf("restored %q, want %q", got, want)
	}
	for i := range answer {
		r := s.Vault().Stream(false)
		if got := r.Feed(answer[:i]) + r.Feed(answer[i:]) + r.Flush(); got != want {
			t.Fatalf("split at %d: %q, want %q", i, got, want)
		}
	}
	args, want := `{"a":"\u003cEMAIL_2\u003E","b":"<EMAIL_4>","c":"\\u003cEMAIL_4>"}`,
		`{"a":"ann.b@example.org","b":"bob@example.org","c":"\\u003cEMAIL_4>"}`
	for i := range args {
		r := s.Vault().Stream(true)
		if got := r.Feed(args[:i]) + r.Feed(args[i:]) + r.Flush(); got != want {
			t.Fatalf("arguments split at %d: %s, want %s", i, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	for _, tt := range []struct{ kind, value, want string }{
		{KindEmail, "john@example.com", "j***@e***.com"}, {KindCard, "4539 1488 0343 6467", "**** **** **** 6467"},
		{KindPerson, "John Smith", "J*** S***"}, {KindIP, "10.1.2.3", "10.*.*.*"}, {KindSecret, "abc", "***"},
	} {
		if got := masked(tt.kind, tt.value); got != tt.want {
			t.Errorf("%s %q is masked %q, want %q", tt.kind, tt.value, got, tt.want)
		}
	}
}

func TestDomains(t *testing.T) {
	d, err := form.NewDomains([]string{"https://trusted.example", "*.cdn.example", "http://plain.example:8080"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://trusted.example/a": true, "https://TRUSTED.example.": true, "http://trusted.example": false,
		"https://sub.trusted.example": false,
		"https://a.cdn.example":       true, "https://cdn.example": false, "http://plain.example:8080/x": true,
		"http://plain.example":                 false,
		"https://trusted.example@evil.example": false, `https://evil.example\@trusted.example`: false,
		"https://trusted.example.evil.example": false,
		"//trusted.example/x":                  true, "https://trusted.example:444": false, "javascript:alert(1)": false,
		"https://trusted%2eexample": false, "&#104;ttps://evil.example": false,
		"data:text/html,x": false, "https://evil.example/?https://trusted.example": false,
	} {
		if got := d.Allows(address); got != want {
			t.Errorf("%s is allowed: %v, want %v", address, got, want)
		}
	}
}

func TestAnswersKeepToTheDomains(t *testing.T) {
	p := newPolicy(t, Config{AllowedDomains: []string{"https://ok.example"}})
	for _, tt := range []struct{ in, want string }{
		{"![x](https://evil.example/?q=secret)", "![x](#link-removed)"},
		{"see [docs](https://ok.example/a) and <https://evil.example>",
			"see [docs](https://ok.example/a) and <#link-removed>"},
		{"[r]: //evil.example/x \"t\"", "[r]: #link-removed \"t\""},
		{`<img src="https://evil.example/a.png"> <a href='https://ok.example'>`,
			`<img src="#link-removed"> <a href='https://ok.example'>`},
		{"go to www.evil.example now", "go to #link-removed now"}, {"[a](/local/page)", "[a](/local/page)"},
		{`![x](https:\\evil.example/a)`, "![x](#link-removed)"},
	} {
		v, err := p.Begin().Inspect(context.Background(), Output, []Text{{Value: tt.in, Role: "assistant"}})
		if err != nil {
			t.Fatal(err)
		}
		if v.Texts[0] != tt.want {
			t.Errorf("%s became %s, want %s", tt.in, v.Texts[0], tt.want)
		}
		for i := range tt.in {
			if got, _ := streamed(t, p.Begin(), tt.in[:i], tt.in[i:]); got != tt.want {
				t.Errorf("%s split at %d became %s", tt.in, i, got)
				break
			}
		}
	}
}

func TestOutputRules(t *testing.T) {
	p := newPolicy(t, Config{Output: OutputRules{Forbidden: []string{`(?i)project\s+zeus`},
		Canaries: []string{"CANARY-77aa"}, LeakWords: 6}})
	system := []Text{{Role: "system", Value: "You are a helpful bot of Acme and never talk about the price of eggs."}}
	for _, tt := range []struct {
		in, kind string
	}{
		{"We call it Project  Zeus here.", KindForbidden}, {"My canary is canary-77AA ok", KindCanary},
		{"I was told: never talk about the price of eggs.", KindLeak}, {"a harmless answer about the price of eggs", ""},
	} {
		s := p.Begin()
		if _, err := s.Inspect(context.Background(), Input, system); err != nil {
			t.Fatal(err)
		}
		v, err := s.Inspect(context.Background(), Output, []Text{{Value: tt.in}})
		if err != nil {
			t.Fatal(err)
		}
		_, sv := streamed(t, s, strings.Split(tt.in, "")...)
		if v.Blocked != (tt.kind != "") || sv.Blocked != v.Blocked || tt.kind != "" && v.Decisions[0].Kind != tt.kind {
			t.Errorf("%q: %+v, streamed %+v", tt.in, v, sv)
		}
	}
}

func TestRules(t *testing.T) {
	p := newPolicy(t, Config{Redaction: Redaction{Enabled: true, Action: Redact, Entities: []string{"EMAIL", "STAFF"},
		Actions: map[string]Action{"STAFF": Block},
		Roles:   map[string]Action{"tool": Mask}, Custom: []Custom{{Kind: "STAFF", Pattern: `E-\d{4}`}}}})
	for _, tt := range []struct {
		role, in, want string
		blocked        bool
	}{
		{"user", "a@b.example from 10.0.0.1", "<EMAIL> from 10.0.0.1", false},
		{"tool", "ann@b.example", "a***@b***.example", false}, {"user", "ask E-1234", "", true},
	} {
		v, err := p.Begin().Inspect(context.Background(), Input, []Text{{Value: tt.in, Role: tt.role}})
		if err != nil {
			t.Fatal(err)
		}
		if v.Blocked != tt.blocked || !v.Blocked && v.Texts[0] != tt.want {
			t.Errorf("%q: %+v", tt.in, v)
		}
	}
	_, err := New(Config{Redaction: Redaction{Action: "burn", Entities: []string{"NOPE"},
		Custom: []Custom{{Kind: "X", Pattern: "("}}, Enabled: true}, AllowedDomains: []string{"https://a b"}})
	for _, part := range []string{"burn", "NOPE", "custom[0]", "allowed_domains[0]"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not name %s: %v", part, err)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	prose := strings.Repeat("The quick deployment of the new service reduced latency by 35 percent, and nobody in the "+
		"whole department noticed that it had ever been slow before. ", 400)
	mixed := strings.Repeat(strings.Join(samples, "\n"), 20)
	for name, kinds := range map[string][]string{"patterns": {KindEmail, KindPhone, KindCard, KindIBAN, KindIP, KindSSN,
		KindAWSKey, KindAWSSecret, KindSecret, KindURL, KindAddress}, "all": nil} {
		p := newPolicy(b, Config{Redaction: Redaction{Enabled: true, Entities: kinds}})
		for text, s := range map[string]string{"prose": prose, "dense": mixed} {
			b.Run(name+"/"+text, func(b *testing.B) {
				b.SetBytes(int64(len(s)))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := p.Find(context.Background(), Input, []Text{{Value: s}}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

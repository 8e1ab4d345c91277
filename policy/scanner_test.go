package policy

import (
	"context"
	"testing"

	"outcrop/policy/finding"
	"outcrop/policy/person"
)

// TestForms shows each fixed form by what should and what should not be found.
func TestForms(t *testing.T) {
	p := newPolicy(t, Default())
	for _, tt := range []struct{ text, kind, want string }{
		{"to a.b+c@mail.example.co.uk.", KindEmail, "a.b+c@mail.example.co.uk"}, {"foo@localhost", KindEmail, ""},
		{"@scope/pkg@1.2.3", KindEmail, ""},
		{"git clone git@github.com:x/y", KindEmail, ""},
		{"card 4111-1111-1111-1111", KindCard, "4111-1111-1111-1111"}, {"card 4111111111111112", KindCard, ""},
		{"card 9111111111111111", KindCard, ""}, {"0000 0000 0000 0000", KindCard, ""},
		{"4111 1111 1111 1111 123", KindCard, "4111 1111 1111 1111"},
		{"GB29 NWBK 6016 1331 9268 19", KindIBAN, "GB29 NWBK 6016 1331 9268 19"}, {"GB28NWBK60161331926819", KindIBAN, ""},
		{"at 10.1.2.3:8080", KindIP, "10.1.2.3"}, {"v1.2.3.4", KindIP, ""}, {"version 1.2.3.4", KindIP, ""},
		{"256.1.1.1", KindIP, ""}, {"1.2.3.4.5", KindIP, ""},
		{"::ffff:10.0.0.1 and", KindIP, "::ffff:10.0.0.1"}, {"host fe80::1%eth0", KindIP, "fe80::1%eth0"},
		{"std::vector a::b ::", KindIP, ""}, {"12:30:45", KindIP, ""},
		{"ssn 123-45-6789", KindSSN, "123-45-6789"}, {"ssn 666-45-6789", KindSSN, ""}, {"ssn 900-45-6789", KindSSN, ""},
		{"ssn 123-00-6789", KindSSN, ""}, {"nr 123456789", KindSSN, ""}, {"ssn: 123456789", KindSSN, "123456789"},
		{"(0)30 901820 anrufen", KindPhone, "(0)30 901820"}, {"2024-01-15 10:30", KindPhone, ""},
		{"1990-2000", KindPhone, ""}, {"order 5551234567", KindPhone, ""}, {"call 5551234567", KindPhone, "5551234567"},
		{"555.123.4567", KindPhone, "555.123.4567"}, {"001-555-123-4567 x89", KindPhone, "001-555-123-4567 x89"},
		{"https://x.example/a?b=(c).", KindURL, "https://x.example/a?b=(c)"}, {"www.x.example!", KindURL, "www.x.example"},
		{"sk-proj-abcDEF1234567890ghiJKL0987", KindSecret, "sk-proj-abcDEF1234567890ghiJKL0987"},
		{"a sk-learn-compatible-estimator-class", KindSecret, ""},
		{"password: hunter2!x", KindSecret, "hunter2!x"}, {"password: required", KindSecret, ""},
		{"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", KindSecret,
			"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"},
		{"https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", KindSecret,
			"https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"},
	} {
		found, err := p.Find(context.Background(), Input, []Text{{Value: tt.text}})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, f := range found {
			if f.Kind == tt.kind {
				got = tt.text[f.Start:f.End]
			}
		}
		if got != tt.want {
			t.Errorf("%s in %q: %q, want %q (%v)", tt.kind, tt.text, got, tt.want, found)
		}
	}
}

func TestNamesAreMany(t *testing.T) {
	g, err := person.LoadNames()
	if err != nil {
		t.Fatal(err)
	}
	first, last := 0, 0
	for _, f := range g {
		first += int(finding.B2f(f&person.IsFirst != 0))
		last += int(finding.B2f(f&person.IsLast != 0))
	}
	if first < 4000 || last < 6000 {
		t.Errorf("%d given names and %d surnames", first, last)
	}
}

// FuzzFind holds that no text makes the detectors fail, and that findings lie in the text, in order and apart.
func FuzzFind(f *testing.F) {
	for _, s := range samples {
		f.Add(s)
	}
	f.Add("王さん İ\xff\xc3 P.O. Box 1 Dr. \u00a0+1 (")
	p := newPolicy(f, Default())
	f.Fuzz(func(t *testing.T, s string) {
		found, err := p.Find(context.Background(), Input, []Text{{Value: s}})
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, x := range found {
			if x.Start < at || x.End <= x.Start || x.End > len(s) {
				t.Fatalf("%+v in %q", x, s)
			}
			at = x.End
		}
	})
}

package policy

import (
	"context"
	"slices"
	"strings"
	"testing"

	"outcrop/policy/person"
)

// found gives what the default policy finds in a text, "KIND what", without web addresses.
func found(t *testing.T, p *Policy, text string) []string {
	t.Helper()
	all, err := p.Find(context.Background(), Input, []Text{{Value: text, Role: "user"}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range all {
		if f.Kind != KindURL {
			out = append(out, f.Kind+" "+text[f.Start:f.End])
		}
	}
	return out
}

type mention struct {
	text string
	want []string
}

func holds(t *testing.T, rows []mention) {
	t.Helper()
	p := newPolicy(t, Default())
	for _, tt := range rows {
		if got := found(t, p, tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%q: found %q, want %q", tt.text, got, tt.want)
		}
	}
}

// TestMendD6PasswordsOfConnectionsAreSecretsAndNoAddresses holds what is read of URLs with a password, of command lines
// and of headers, and that the form of such a URL is no secret.
func TestMendD6PasswordsOfConnectionsAreSecretsAndNoAddresses(t *testing.T) {
	rows := []mention{
		{"postgres://app@db.example.com/app", nil},
		{"postgres://USER:PASSWORD@HOST:5432/DB", nil}, {"postgres://user:password@host:5432/db", nil},
		{"postgres://app:${DB_PASSWORD}@db.example.com/app", nil}, {"postgres://app:***@db.example.com/app", nil},
		{"redis://:p%40ss%3Aword@cache:6379", []string{"SECRET p%40ss%3Aword"}},
		{"amqp://me:p@ss@mq.example.com/", []string{"SECRET p@ss"}},
		{`a = "mysql://me:pw1@h.example.com/db", b = "z@example.com"`, []string{"SECRET pw1", "EMAIL z@example.com"}},
		{"http://host.example:8080/@me and ssh://git@github.com:22/x", nil},
		{"https://x.example/?user=sa&password=letm31nX&ssl=true", []string{"SECRET letm31nX"}},
		{"curl -u admin:secret https://x.example", []string{"SECRET secret"}},
		{"curl -sSuadmin:secret x.example", []string{"SECRET secret"}},
		{"curl -X POST \\\n -u 'me:my pass' \\\n x.example", []string{"SECRET my pass"}},
		{"curl --user=me:pw12 x.example", []string{"SECRET pw12"}},
		{"curl -u me:$PASSWORD x.example; curl -u me x.example", nil}, {"docker run -u 1000:1000 -p 8080:80 alpine", nil},
		{"curl x.example | python -u main.py:app", nil},
		{"sshpass -p hunter2 ssh root@host", []string{"SECRET hunter2"}},
		{"redis-cli -a s3cret ping", []string{"SECRET s3cret"}},
		{"Authorization: Basic dXNlcjpwYXNz", []string{"SECRET dXNlcjpwYXNz"}}, {"Authorization: Bearer <token>", nil},
	}
	for _, scheme := range []string{"postgres", "postgresql", "mysql", "redis", "rediss", "amqp", "amqps", "mongodb",
		"mongodb+srv", "jdbc:postgresql",
		"mssql+pyodbc", "nats", "clickhouse", "smtp", "ldap", "ftp", "https", "kafka+ssl"} {
		rows = append(rows, mention{scheme + "://app:hunter2@db.example.com:5432/app", []string{"SECRET hunter2"}})
	}
	holds(t, rows)
}

// TestMendD6LetterClosingsAreNoNames holds that what ends a letter is no name, and that a surname of the same form is
// one.
func TestMendD6LetterClosingsAreNoNames(t *testing.T) {
	for closing := range person.Closings {
		closing = strings.ToUpper(closing[:1]) + closing[1:]
		holds(t, []mention{
			{"Hello,\n\nit is done.\n\n" + closing + ",", nil}, {"It is done.\n" + closing, nil},
			{"Dear Anna,\nit is done.\n\n" + closing + ",\nIngrid", []string{"PERSON Anna", "PERSON Ingrid"}},
		})
	}
	holds(t, []mention{{"Dear Mr. Best,\nit is done.", []string{"PERSON Best"}},
		{"Hi Anna, Cheers", []string{"PERSON Anna"}}})
}

// TestMendD6ASecondNameBehindAGreetingIsFound holds that a greeting counts for all whom it addresses.
func TestMendD6ASecondNameBehindAGreetingIsFound(t *testing.T) {
	holds(t, []mention{
		{"Dear Grace and Hope,\nhello", []string{"PERSON Grace", "PERSON Hope"}},
		{"Hi Rose & Lily,\nhello", []string{"PERSON Rose", "PERSON Lily"}},
		{"Hello Tom/Sarah,\nhello", []string{"PERSON Tom", "PERSON Sarah"}},
		{"Dear Mark, Will and Amber,\nhello", []string{"PERSON Mark", "PERSON Will", "PERSON Amber"}},
		{"Liebe Rosa und lieber Wolf,\nhallo", []string{"PERSON Rosa", "PERSON Wolf"}},
		{"Dear Maria and team,\nhello", []string{"PERSON Maria"}},
		{"Dear Maria and Support,\nhello", []string{"PERSON Maria"}},
		{"Thanks to Johnson & Johnson for it", nil}, {"Hi Anna, Hope you are well.", []string{"PERSON Anna"}},
	})
}

// TestMendD6EponymsAreNoPersons holds that things named after somebody are none, and that the people are.
func TestMendD6EponymsAreNoPersons(t *testing.T) {
	var rows []mention
	for _, thing := range []string{"Turing machine", "Markov chain", "Hilbert space", "Fibonacci sequence",
		"Riemann integral", "Delaunay triangulation",
		"Kalman filter", "Nash equilibrium", "Gauss curve", "Poisson process", "Cauchy–Schwarz inequality",
		"Navier-Stokes equation"} {
		rows = append(rows, mention{"Tell me what a " + thing + " is.", nil},
			mention{"Explain the " + thing + " to me.", nil}, mention{"We use " + thing + "s here.", nil})
	}
	holds(t, append(rows, []mention{
		{"Alan Turing built a Turing machine.", []string{"PERSON Alan Turing"}},
		{"Ms. Hamming kept her distance.", []string{"PERSON Hamming"}},
		{"My neighbor David Hilbert has space in his garage.", []string{"PERSON David Hilbert"}},
		{"Please ask Sofia Fourier about the transform.", []string{"PERSON Sofia Fourier"}},
		{"A Picasso painting hangs here.", nil}, {"Please ask Ingrid about the Julia set.", []string{"PERSON Ingrid"}},
	}...))
}

// TestMendE9AddressesWithAnotherAtAreSeen holds that an @ may be written in all ways that are read as one: found from
// the first byte to the last, redacted, and put back as it was written.
func TestMendE9AddressesWithAnotherAtAreSeen(t *testing.T) {
	for _, at := range []string{"@", "＠", "﹫", "&#64;", "&#064;", "&#x40;", "&#X0040;", "&commat;", "%40", `\u0040`} {
		address := "jane.doe" + at + "mail.example.com"
		for _, tt := range []struct{ before, behind string }{
			{"Write to ", " today."}, {"", ""}, {"<", ">"}, {"“", "”"}, {"mail=", "&x=1"}, {"我的邮箱是", "请联系"},
			{"(", "), and so on"},
		} {
			text := tt.before + address + tt.behind
			for action, want := range map[Action]string{Redact: "<EMAIL>", Tokenize: "<EMAIL_1>"} {
				s := newPolicy(t, Config{Redaction: Redaction{Enabled: true, Action: action, Entities: []string{"EMAIL"}}}).Begin()
				v, err := s.Inspect(context.Background(), Input, []Text{{Value: text, Role: "user"}})
				if err != nil {
					t.Fatal(err)
				}
				if v.Texts[0] != tt.before+want+tt.behind {
					t.Errorf("%q became %q", text, v.Texts[0])
				}
				if back, _ := s.Vault().Restore(v.Texts[0], false); action == Tokenize && back != text {
					t.Errorf("%q came back as %q", text, back)
				}
			}
		}
	}
	holds(t, []mention{
		{"ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ schrieb", []string{"EMAIL ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ"}},
		{"max@beispiel．de", []string{"EMAIL max@beispiel．de"}},
		{"npm i %40scope%2Fpkg, 40%40 of it, ＠ alone, &#64; too, &#640;x.com", nil},
	})
}

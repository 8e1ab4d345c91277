package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"outcrop/policy"
)

func TestScan(t *testing.T) {
	p, err := policy.New(policy.Default())
	if err != nil {
		t.Fatal(err)
	}
	var in, want strings.Builder
	in.WriteString("{\"text\":\"Ärger 😀 mit bob@example.org\",\"direction\":\"output\"}\nno " +
		"json\n\n{\"text\":\"a\",\"direction\":\"up\"}\n")
	want.WriteString(`{"findings":[{"kind":"EMAIL","start":12,"end":27,"score":0.98}],"injection":{"score":0,"blocked":false},"text":"Ärger 😀 mit <EMAIL>"}` + "\n")
	for i := range 300 {
		fmt.Fprintf(&in, `{"text":"number %d"}`+"\n", i)
	}
	in.WriteString(`{"text":"the last line has no end"}`)
	var out bytes.Buffer
	err = eachLine(context.Background(), strings.NewReader(in.String()), &out, unseen,
		func(to, line []byte, n int) ([]byte, bool) {
			return scanOne(context.Background(), p, to, line, n, newProgress(&out, ""))
		})
	if err == nil || !strings.Contains(err.Error(), "3 of 305 lines") {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 305 {
		t.Fatalf("%d lines came out, want 305", len(lines))
	}
	if lines[0]+"\n" != want.String() {
		t.Errorf("got %s, want %s", lines[0], want.String())
	}
	for _, l := range lines[1:4] {
		if !strings.HasPrefix(l, `{"error":{"message":"`) {
			t.Errorf("a bad line gave %s", l)
		}
	}
	for i := range 300 {
		if !strings.Contains(lines[4+i], fmt.Sprintf(`"text":"number %d"`, i)) {
			t.Fatalf("line %d is %s", 4+i, lines[4+i])
		}
	}
}

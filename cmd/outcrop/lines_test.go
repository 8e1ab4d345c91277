package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestMendA7ALineThatPanicsIsOneErrorAmongAnswers(t *testing.T) {
	var out bytes.Buffer
	err := eachLine(t.Context(), strings.NewReader("1\n2\n3\n"), &out, func(to, line []byte) []byte {
		if string(line) == "2" {
			var nothing *bytes.Buffer
			nothing.WriteByte('x')
		}
		return append(append(to, line...), '\n')
	})
	lines := strings.Split(out.String(), "\n")
	if err != nil || len(lines) != 4 || lines[0] != "1" || !strings.Contains(lines[1], "panic") || lines[2] != "3" {
		t.Errorf("%v, %q", err, lines)
	}
}

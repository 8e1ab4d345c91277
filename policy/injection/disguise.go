package injection

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// disguises adds what the tricks of a text say, and reads what is encoded in it. Decoded text is not decoded again. A
// trick counts only beside words that mean something to a model: alone it is no attack.
func (d *Scanner) disguises(text string, t *reading, found *tally, decode bool) {
	leet, meant, turned := 0, 0, 0
	for i := range t.words {
		switch w := &t.words[i]; {
		case w.class&wTurned != 0:
			turned++
		case w.class&(wOverride|wTarget|wPrompt|wReveal|wSecret|wLimit|wPrior|wSystem) != 0:
			meant++
			if w.leet {
				leet++
			}
		}
	}
	if meant > 1 {
		found.tricks(&t.tricks, leet)
	}
	if !decode {
		return
	}
	hidden := t.tricks.tags
	if strings.TrimSpace(hidden) != "" {
		found.add("hidden text", 0.75)
		d.inside("hidden text", hidden, 0.75, found)
	}
	for _, piece := range encoded(text) {
		d.inside("encoded text", piece, 0.35, found)
	}
	if turned > 1 {
		d.inside("rot13", rot13(text), 0.35, found)
		d.inside("reversed", reversed(text), 0.35, found)
	}
}

func (found *tally) tricks(t *tricks, leet int) {
	for _, trick := range [...]struct {
		played bool
		name   string
		weight float64
	}{
		{leet > 1, "leetspeak", 0.4},
		{t.confusable > 0, "lookalike letters", 0.4},
		{t.spaced, "letters apart", 0.4},
		{t.zeroWidth > 2, "invisible characters", 0.4},
		{t.stacked > 4, "stacked accents", 0.4},
		{t.bidi > 0, "reordered text", 0.3},
	} {
		if trick.played {
			found.add(trick.name, trick.weight)
		}
	}
}

// inside scores a text that was hidden in another: hiding adds to whatever it is.
func (d *Scanner) inside(how, text string, weight float64, found *tally) {
	score, why := d.score(text, false)
	if score < 0.3 {
		return
	}
	found.add(how, weight)
	for _, s := range why {
		found.add(s.Name, s.Weight)
	}
}

func rot13(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return 'a' + (c-'a'+13)%26
		case c >= 'A' && c <= 'Z':
			return 'A' + (c-'A'+13)%26
		}
		return c
	}, s)
}

func reversed(s string) string {
	b := []rune(s)
	slices.Reverse(b)
	return string(b)
}

// encoded gives what pieces of base64, hexadecimal or percent-encoding in a text say, where that is text.
func encoded(text string) []string {
	const shortest, most = 16, 32
	var all []string
	for at := 0; len(all) < most; {
		from, to := encodedRun(text, at, shortest)
		if from == to {
			break
		}
		if plain := decoded(text[from:to]); plain != "" {
			all = append(all, plain)
		}
		at = to
	}
	if strings.Count(text, "%20") > 1 {
		if plain, err := url.PathUnescape(text); err == nil {
			all = append(all, plain)
		}
	}
	return all
}

// encodedRun finds the next run of at least so many bytes that may encode something, [at, at) for none. A run that long
// has one of its bytes at every place that is looked at, so that the words of prose are stepped over without reading
// them whole.
func encodedRun(text string, at, shortest int) (from, to int) {
	for probe := at + shortest - 1; probe < len(text); probe += shortest {
		if !encodes[text[probe]] {
			continue
		}
		from, to = probe, probe+1
		for from > at && encodes[text[from-1]] {
			from--
		}
		for to < len(text) && encodes[text[to]] {
			to++
		}
		if to-from >= shortest {
			return from, to
		}
		at, probe = to, to-1
	}
	return at, at
}

// decoded gives the text that a run of letters encodes, "" for none.
func decoded(run string) string {
	if plain, err := hex.DecodeString(run); err == nil && readable(plain) {
		return string(plain)
	}
	run = strings.TrimRight(run, "=")
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if plain, err := enc.DecodeString(run); err == nil && readable(plain) {
			return string(plain)
		}
	}
	return ""
}

// encodes has the bytes of which base64 and hexadecimal consist.
var encodes = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=") {
		table[c] = true
	}
	return table
}()

// readable tells text from bytes that only happen to decode.
func readable(b []byte) bool {
	if !utf8.Valid(b) {
		return false
	}
	spaces := 0
	for _, c := range string(b) {
		switch {
		case c == ' ':
			spaces++
		case c < ' ' && c != '\n' && c != '\t' && c != '\r', c == 0x7F:
			return false
		}
	}
	return spaces > 0
}

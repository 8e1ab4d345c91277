package form

import "outcrop/policy/finding"

// around is what the words near a candidate speak of, as a set, in the order of the lists.
type around uint16

const (
	aroundPhone around = 1 << iota
	aroundSSN
	aroundIP
	aroundCard
	aroundBank
	aroundVersion
	aroundOther // numbers of another sort: orders, parts, amounts
)

// aroundWords are the context words of numbers in the languages that we read.
var aroundWords = func() map[string]around {
	m := map[string]around{}
	for i, list := range []string{"phone", "ssn", "ip", "card", "bank", "version", "other"} {
		for _, w := range words["near "+list] {
			m[w] |= 1 << i
		}
	}
	return m
}()

// look reads the words up to 40 bytes before a and 16 behind b.
func look(s string, a, b int) around {
	return lookIn(s[max(0, a-40):a]) | lookIn(s[b:min(len(s), b+16)])
}

func lookIn(s string) around {
	var found around
	var low [24]byte
	n := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (finding.IsAlpha(s[i]) || s[i] >= 0x80 || n > 0 && finding.IsDigit(s[i])) {
			if n < len(low) {
				c := s[i]
				if c < 0x80 && finding.IsAlpha(c) {
					c |= 0x20
				}
				low[n] = c
				n++
			}
			continue
		}
		if n > 0 {
			found |= aroundWords[string(low[:n])]
			n = 0
		}
	}
	return found
}

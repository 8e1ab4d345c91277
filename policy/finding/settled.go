package finding

import "strings"

const (
	// ClusterBytes is how much of the end of a text is held back at most for names, numbers and addresses of several words.
	ClusterBytes = 240
	// bytes behind a candidate that may still change its score
	behindCluster = 26
	// bytes in front of the end in which a lead may stand
	leadBytes = 40
)

// Cluster is how far a text is decided for a detector of things that consist of several words, as Settled says: before
// its last word, and before a run of capitalised words, numbers, signs and words that lead there, which reaches into the
// last bytes. No leads is nil.
func Cluster(text string, from int, leads func(word string) bool) int {
	at := WordStart(text, len(text), from)
	for end := at; end > from && len(text)-end < ClusterBytes; {
		start := WordStart(text, end, from)
		word := strings.TrimSpace(text[start:end])
		recent := len(text)-end < behindCluster
		switch {
		case clusterWord(word) || leads != nil && leads(word):
			// nothing but small words may stand between a cluster and what is held back already
			if !recent && (at-end >= 16 || strings.Contains(text[end:at], "\n")) {
				return at
			}
			at = start
		case len(word) > 3 && !recent:
			return at
		}
		end = start
	}
	return at
}

// clusterWord tells words that stand in names, numbers, addresses and assignments.
func clusterWord(w string) bool {
	for i := range len(w) {
		if c := w[i]; IsDigit(c) || c >= 'A' && c <= 'Z' || c >= 0x80 || c == '@' || c == '=' || c == '&' {
			return true
		}
	}
	return strings.HasSuffix(w, ":") || w == "-" || w == "/" || w == "("
}

// WordStart is where the word that ends at end begins, with the white space behind it; no further back than from.
func WordStart(s string, end, from int) int {
	i := end
	for i > from && s[i-1] <= ' ' {
		i--
	}
	for i > from && s[i-1] > ' ' {
		i--
	}
	return i
}

// BehindLeads is the place behind the first of the words that stand in the last bytes of a text and say what comes next;
// len(text) without one. Of each word the last place counts.
func BehindLeads(text string, leads ...string) int {
	at, tail := len(text), max(0, len(text)-leadBytes)
	for _, lead := range leads {
		if k := strings.LastIndex(text[tail:], lead); k >= 0 {
			at = min(at, tail+k+len(lead))
		}
	}
	return at
}

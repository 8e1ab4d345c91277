package person

import (
	_ "embed"
	"slices"
	"strings"

	"outcrop/internal/wordlist"
	"outcrop/policy/finding"
)

//go:embed words/around.txt
var aroundFile string

// lists are the words around names; the file explains each.
var lists = wordlist.Parse(aroundFile)

// beforeWords are words that lead to a name, with what they add to a single word's score.
var beforeWords = func() map[string]float64 {
	all := map[string]float64{}
	for list, weight := range map[string]float64{"leads 0.75": 0.75, "leads 0.5": 0.5, "leads 0.25": 0.25} {
		for _, w := range lists[list] {
			all[w] = weight
		}
	}
	return all
}()

var (
	takesPeople = lists.Set("takes people")
	behindWords = lists.Set("verbs")
	personWords = lists.Set("verbs of people")
	owned       = lists.Set("owned")
	firms       = lists.Set("firms")
	products    = lists.Set("products")
)

// before is what the words in front of i add.
func (c *personScan) before(i int, f nameFlag) float64 {
	s := c.s[max(0, i-48):i]
	if w := field(s); w > 0 {
		return w
	}
	t := strings.TrimRight(s, " \t\n*_\"“'(")
	if strings.HasSuffix(t, ",") && (strings.Contains(s[len(t):], "\n") || len(t) < 20) { // the end of a letter
		t = t[:len(t)-1]
	} else if strings.HasSuffix(t, ".") {
		t = t[:len(t)-1]
		if len(t) > 4 && strings.LastIndexByte(t, ' ') < len(t)-5 {
			return 0
		}
	}
	if t == s && s != "" {
		return 0
	}
	at := len(t)
	for at > 0 && (finding.IsAlpha(t[at-1]) || t[at-1] >= 0x80 || t[at-1] == '\'') {
		at--
	}
	return ledBy(strings.ToLower(t[at:]), strings.ToLower(t[:at]), f)
}

// leads are words that lead to a name where the text before them ends as behind says, with what they add. The first
// that fits counts.
var leads = []struct {
	word, behind string
	weight       float64
}{
	{"is", "name ", 0.75}, {"is", "this ", 0.75}, {"ist", "name ", 0.75}, {"est", "nom ", 0.75},
	{"es", "nombre ", 0.75}, {"è", "nome ", 0.75},
	{"i'm", "", 0.45}, {"i’m", "", 0.45}, {"am", "i ", 0.45}, {"am", "", 0},
	{"is", "who ", 0.65}, {"was", "who ", 0.65}, {"about", "me ", 0.65},
}

// ledBy is what the word w, with lead in front of it, adds to a word of flag f.
func ledBy(w, lead string, f nameFlag) float64 {
	for i := range leads {
		if l := &leads[i]; l.word == w && strings.HasSuffix(lead, l.behind) {
			return l.weight
		}
	}
	if takesPeople[w] && f&^isShape == 0 {
		return 0.7
	}
	return beforeWords[w]
}

var withoutMarks = strings.NewReplacer("_", "", "-", "", " ", "")

// field is what a label in front of a value adds: "first_name": " and Name:.
func field(s string) float64 {
	key := label(s)
	switch {
	case key == "", slices.ContainsFunc(lists["other fields"], func(no string) bool { return strings.Contains(key, no) }):
		return 0
	case endsInAny(key, lists["fields 0.7"]):
		return 0.7
	case endsInAny(key, lists["fields 0.5"]):
		return 0.5
	}
	return 0
}

func endsInAny(s string, ends []string) bool {
	return slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(s, end) })
}

// label gives the label at the end of s, in small letters and without marks, or "".
func label(s string) string {
	t := strings.TrimRight(s, " \"'*[\t")
	if t == "" || t[len(t)-1] != ':' && t[len(t)-1] != '=' && t[len(t)-1] != '>' {
		return ""
	}
	t = strings.TrimRight(t[:len(t)-1], " \"'*")
	at := len(t)
	for at > 0 && (finding.IsWordByte(t[at-1]) || t[at-1] == '-' || t[at-1] == ' ' && len(t)-at < 12) {
		at--
	}
	return strings.ToLower(withoutMarks.Replace(t[at:]))
}

// behind is what the words after a name add; a word that is in no list needs more than one that is.
func (c *personScan) behind(i int, f nameFlag) float64 {
	s := c.s[i:min(len(c.s), i+40)]
	unknown := !f.has(IsFirst | IsLast | isCommon | isAfter | isAmbiguous)
	if aged(s) || strings.HasPrefix(s, " (born") || strings.HasPrefix(s, " (aged") || strings.HasPrefix(s, " (*") {
		return 0.4 + 0.3*finding.B2f(unknown)
	}
	if strings.HasPrefix(s, ", who ") || strings.HasPrefix(s, " who ") {
		return 0.3
	}
	if thing, ok := possession(s); ok {
		if owned[thing] {
			return 0.3 + 0.3*finding.B2f(unknown)
		}
		return 0
	}
	if s == "" || s[0] != ' ' {
		return 0
	}
	verb := s[1 : 1+wordEnd(s[1:], 0)]
	switch {
	case unknown && (personWords[verb] || strings.HasPrefix(s, " told reporters")):
		return 0.65
	case behindWords[verb]:
		return 0.2
	}
	return 0
}

// possession gives the word behind the mark of a genitive that s begins with.
func possession(s string) (thing string, ok bool) {
	rest, ok := strings.CutPrefix(s, "'s ")
	if !ok {
		rest, ok = strings.CutPrefix(s, "’s ")
	}
	return rest[:wordEnd(rest, 0)], ok
}

// aged tells ", 43," and the years of a life in parentheses.
func aged(s string) bool {
	if like(s, ", 00?") && !finding.IsDigit(s[4]) {
		return len(s) == 5 || strings.IndexByte(",. ", s[4]) >= 0
	}
	if !like(s, " (1000???????") {
		return false
	}
	rest := strings.TrimLeft(s[6:], " -–")
	return rest != s[6:] && like(rest, "0??0)")
}

// like tells that s begins as a pattern does, in which 0 stands for any digit and ? for any byte.
func like(s, pattern string) bool {
	if len(s) < len(pattern) {
		return false
	}
	for i := range len(pattern) {
		switch p := pattern[i]; {
		case p == '?', p == '0' && finding.IsDigit(s[i]), p != '0' && p == s[i]:
		default:
			return false
		}
	}
	return true
}

// firm tells that the words stand in the name of a firm or work: Johnson & Johnson, "University of …", Foo's.
func (c *personScan) firm(a, b int) bool {
	s := c.s
	tail := s[b:min(len(s), b+16)]
	if strings.HasPrefix(tail, " & ") || strings.HasPrefix(tail, " + ") || strings.HasPrefix(tail, "® ") ||
		strings.HasPrefix(tail, "™") {
		return true
	}
	for _, mark := range []string{"'s ", "’s "} {
		tail = strings.TrimPrefix(tail, mark[:len(mark)-1])
	}
	low := strings.TrimLeft(tail, " ,-")
	e := wordEnd(low, 0)
	if e > 0 && tail != low && products[low[:e]] {
		return true
	}
	head := s[max(0, a-16):a]
	return strings.HasSuffix(head, " & ") || strings.HasSuffix(head, "University of ") ||
		strings.HasSuffix(head, "City of ") || strings.HasSuffix(head, "Church of ") || strings.HasSuffix(head, "Bank of ")
}

// lower finds names in lower case where the words before leave no doubt.
func (c *personScan) lower() {
	for _, lead := range lists["lower-case leads"] {
		for at := 0; ; {
			k := strings.Index(c.s[at:], lead)
			if k < 0 {
				break
			}
			at += k + len(lead)
			end := c.lowerName(at)
			if end > at && (lead[0] == 'a' || lead[0] == 'c' || strings.Contains(c.s[at:end], " ")) {
				c.out = append(c.out, finding.Finding{Kind: finding.KindPerson, Start: at, End: end, Score: 0.86})
			}
		}
	}
}

// lowerName gives the end of the name of up to three words in lower case that begins at a place, the place for none.
func (c *personScan) lowerName(at int) int {
	end := at
	for range 3 {
		e := wordEnd(c.s, at)
		if e == at || upperAt(c.s, at) {
			break
		}
		f := c.names.flags(c.s[at:e])
		if !f.has(IsFirst|IsLast) || f.has(isCommon) || f.has(isAmbiguous) && end == at {
			break
		}
		end = e
		if e >= len(c.s) || c.s[e] != ' ' {
			break
		}
		at = e + 1
	}
	return end
}

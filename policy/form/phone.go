package form

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"outcrop/policy/finding"
)

// DefaultRegions are the countries whose local phone numbers are known when the configuration names none.
var DefaultRegions = []string{"US", "GB", "DE", "FR", "ES", "IT", "NL", "IN", "AU", "BR"}

// phone takes the most groups that make a phone number.
func (p *Patterns) phone(s string, i int, r *digitRun, out []finding.Finding) []finding.Finding {
	follows := i > 1 && !r.plus && !r.paren && finding.IsDigit(s[i-2])
	if !phoneBegins(s, i, r) || follows && s[i-1] != ' ' {
		return out
	}
	for g := r.g - 1; g >= 0; g-- {
		end := r.groups[g].end
		if n := r.groups[g].n; n > 17 || n < 7 {
			continue
		}
		if end < len(s) && g == r.g-1 && !phoneEnds(s, end) {
			return out
		}
		score := phoneForm(r, g)
		if score == 0 {
			continue
		}
		if ext := extension(s, end); ext > end {
			end, score = ext, score+0.1
		}
		if follows && score < 0.88 {
			return out
		}
		if score = p.phoneScore(s, r, g, end, score); score >= 0.5 {
			return append(out, finding.Finding{Kind: finding.KindPhone, Start: r.start, End: end, Score: min(score, 0.99)})
		}
	}
	return out
}

// phoneScore adds to the score of the form what the words around say. The library, which is dear, is asked only where
// these leave doubt.
func (p *Patterns) phoneScore(s string, r *digitRun, g, end int, score float64) float64 {
	score += nearPhone(s, r, end)
	if score < 0.4 || score >= 0.8 || !p.dialable(s[r.start:r.groups[g].end], r.digits[:r.groups[g].n], r.plus) {
		return score
	}
	score += 0.25
	if g == 0 {
		score -= 0.1 // digits without any form are too many things
	}
	return score
}

// phoneBegins tells that nothing stands before the number that would make it part of something else.
func phoneBegins(s string, i int, r *digitRun) bool {
	if r.start > 0 && (finding.IsWordByte(s[r.start-1]) || s[r.start-1] == '$' || s[r.start-1] == '#') {
		return false
	}
	return i == 0 || r.plus || r.paren || s[i-1] != '.'
}

// nearPhone is what the words around add, or take away.
func nearPhone(s string, r *digitRun, end int) float64 {
	const other = aroundOther | aroundBank | aroundCard
	if before := lookIn(sameField(s, r.start)); before&other != 0 && before&aroundPhone == 0 && !r.plus {
		return -0.4 // what stands right before the number says what it is
	}
	near := look(s, r.start, end)
	switch {
	case near&aroundPhone != 0:
		return 0.4
	case near&other != 0 && !r.plus:
		return -0.3
	}
	return 0
}

// sameField is what stands right before i, as far as the field, line or clause reaches.
func sameField(s string, i int) string {
	s = s[max(0, i-22):i]
	return s[strings.LastIndexAny(s, ",;\n|{}()")+1:]
}

func phoneEnds(s string, end int) bool {
	c := s[end]
	if c == 'x' || c == 'X' || c == 'e' && strings.HasPrefix(s[end:], "ext") {
		return true
	}
	return !finding.IsWordByte(c) && c != '%' && (c != '-' && c != '.' && c != ',' && c != ':' || end+1 >= len(s) ||
		!finding.IsWordByte(s[end+1]))
}

// phoneForm is how much groups 0 to g look like a phone number by themselves.
func phoneForm(r *digitRun, g int) float64 {
	gs, d := r.groups[:g+1], r.digits[:r.groups[g].n]
	switch {
	case r.plus && (len(d) < 8 || len(d) > 16 || d[0] == '0'):
		return 0
	case r.plus:
		return 0.95
	case dateLike(gs, d) || allSame(d):
		return 0
	case g == 0:
		return unbrokenPhone(d)
	}
	if score := americanPhone(gs, d, r.paren); score > 0 {
		return score
	}
	return groupedPhone(gs, d, r.paren)
}

// unbrokenPhone weighs digits without separators.
func unbrokenPhone(d []byte) float64 {
	n := len(d)
	switch {
	case dialsAbroad(d):
		return 0.6
	case n >= 10 && n <= 13:
		return 0.42
	case n >= 8 && d[0] == '0':
		return 0.45
	case n >= 7 && n <= 15:
		return 0.4
	}
	return 0
}

// americanPhone weighs 555-123-4567, with or without the country's 1; 123-45-6789 has the form of a social security
// number. It is 0 for all others.
func americanPhone(gs []group, d []byte, paren bool) float64 {
	switch {
	case sized(gs, 3, 3, 4), d[0] == '1' && sized(gs, 1, 3, 3, 4):
		if gs[0].sep == ' ' && gs[1].sep == ' ' && !paren {
			return 0.85
		}
		return 0.92
	case sized(gs, 3, 2, 4) && gs[0].sep == '-' && gs[1].sep == '-':
		return 0.3
	}
	return 0
}

// groupedPhone weighs groups of any sizes.
func groupedPhone(gs []group, d []byte, paren bool) float64 {
	n := len(d)
	switch {
	case paren && n >= 8 && n <= 14, dialsAbroad(d):
		return 0.88
	case sized(gs, 3, 7), sized(gs, 6, 4): // 555-1234567
		return 0.65
	case sized(gs, 3, 4):
		return localPhone(gs[0].sep)
	case d[0] == '0' && n >= 9 && n <= 12:
		return trunkPhone(gs)
	case n < 8 || n > 14 || gs[len(gs)-1].size < 2:
		return 0
	case n >= 9 && len(gs) >= 3 && len(gs) <= 7:
		return 0.55
	}
	return 0.45
}

// dialsAbroad tells the two zeros in front of a country's code.
func dialsAbroad(d []byte) bool { return len(d) >= 10 && d[0] == '0' && d[1] == '0' && d[2] != '0' }

// localPhone weighs 555-1234 by its separator.
func localPhone(sep byte) float64 {
	if sep == '-' || sep == '.' {
		return 0.5
	}
	return 0.4
}

// trunkPhone weighs groups that begin with the zero of a call within the country.
func trunkPhone(gs []group) float64 {
	if len(gs) >= 3 && (pairs(gs) || gs[0].size >= 3) {
		return 0.82
	}
	return 0.68
}

// sized tells that the groups have these sizes.
func sized(gs []group, sizes ...int) bool {
	if len(gs) != len(sizes) {
		return false
	}
	for k, n := range sizes {
		if gs[k].size != n {
			return false
		}
	}
	return true
}

// pairs tells groups of two digits, as French numbers are written.
func pairs(gs []group) bool {
	for _, g := range gs {
		if g.size != 2 {
			return false
		}
	}
	return true
}

func allSame(d []byte) bool { return len(strings.Trim(string(d), string(d[:1]))) == 0 }

// dateLike tells years, days and months between equal separators, ranges of years, and thousands.
func dateLike(gs []group, d []byte) bool {
	return calendarDay(gs, d) || len(gs) == 1 && timestamp(d) || years(gs, d) || thousands(gs, d)
}

// calendarDay tells a year with a month and a day behind or before it.
func calendarDay(gs []group, d []byte) bool {
	if len(gs) < 3 || gs[1].size > 2 {
		return false
	}
	return gs[0].size == 4 && gs[2].size <= 2 && year(d[:4]) ||
		gs[0].size <= 2 && gs[2].size == 4 && year(d[gs[1].n:gs[2].n])
}

// timestamp tells 20240131 and 20240131235959.
func timestamp(d []byte) bool {
	return (len(d) == 8 && d[6] <= '3' || len(d) == 14) && year(d[:4]) && d[4] <= '1'
}

func year(b []byte) bool { return len(b) == 4 && (string(b[:2]) == "19" || string(b[:2]) == "20") }

// years tells a row of years.
func years(gs []group, d []byte) bool {
	for _, g := range gs {
		if g.size != 4 || !year(d[g.n-4:g.n]) {
			return false
		}
	}
	return len(gs) > 1
}

// thousands tells amounts: 1 234 567.
func thousands(gs []group, d []byte) bool {
	for k, g := range gs {
		if k > 0 && g.size != 3 || k == 0 && g.size > 3 {
			return false
		}
	}
	return len(gs) >= 3 && gs[0].size < 3 && (gs[0].sep == ' ' || gs[0].sep == '.') && d[0] != '0'
}

// extensions are the words between a number and its extension.
var extensions = words.Set("extensions")

// extension reads x123, ext. 123, extension 123, #123 behind a number.
func extension(s string, end int) int {
	word := skip(s, end, 2, " ,")
	at := word
	for at < len(s) && (finding.IsAlpha(s[at]) || s[at] == '#') && at-word < 9 {
		at++
	}
	if !extensions[strings.ToLower(s[word:at])] {
		return end
	}
	from := skip(s, at, 12-(at-word), ". :")
	at = skip(s, from, 7, "0123456789")
	if at == from || at < len(s) && finding.IsWordByte(s[at]) {
		return end
	}
	return at
}

// skip steps from a place over at most so many bytes of a set.
func skip(s string, at, most int, set string) int {
	for most += at; at < min(len(s), most) && strings.IndexByte(set, s[at]) >= 0; at++ {
	}
	return at
}

// zeros tells in which regions a number dialled within the country always, or never, begins with a zero. It spares most
// questions to the library, and takes away numbers that nobody writes so. Regions that are not listed are always asked.
var zeros = func() map[string]bool {
	m := map[string]bool{}
	for row := range rows(numbersFile, "zero") {
		m[row[0]] = row[1] == "always"
	}
	return m
}()

// dialable asks the library whether some country numbers its phones so.
func (p *Patterns) dialable(number string, digits []byte, international bool) bool {
	if international {
		return valid(number, "ZZ")
	}
	if digits[0] == '0' && digits[1] == '0' {
		return valid("+"+string(digits[2:]), "ZZ")
	}
	for _, region := range p.Regions {
		always, known := zeros[region]
		if (!known || always == (digits[0] == '0')) && valid(number, region) {
			return true
		}
	}
	return false
}

func valid(number, region string) bool {
	n, err := phonenumbers.Parse(number, region)
	return err == nil && phonenumbers.IsValidNumber(n)
}

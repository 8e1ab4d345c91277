package form

import (
	"slices"
	"strings"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// The words that make a name a street's.
var (
	streetAfter  = words.Set("street after")
	streetBefore = words.Set("street before")
	streetSmall  = words.Set("street small")
	streetFiller = words.Set("street filler")
	houseLetter  = words.Set("house letters")
)

// address looks at a house number: with a street behind it (12 Main Street), or before it (Hauptstraße 12, Calle Mayor
// 5), or at the number of a post office box.
func (p *Patterns) address(s string, i int, out []finding.Finding) []finding.Finding {
	if i > 0 && (finding.IsWordByte(s[i-1]) || strings.IndexByte(".-/:$", s[i-1]) >= 0) {
		return out
	}
	b := skip(s, i, 6, "0123456789")
	if b-i > 5 {
		return out
	}
	if a, ok := streetBehind(s, i); ok {
		for b < len(s) && (finding.IsAlnum(s[b]) || s[b] == '-') && b-i < 8 {
			b++
		}
		return append(out, finding.Finding{Kind: finding.KindAddress, Start: a, End: locality(s, b), Score: 0.86})
	}
	if b < len(s) && finding.IsAlpha(s[b]) {
		b++
	}
	if end := streetAhead(s, b); end >= 0 {
		return append(out, finding.Finding{Kind: finding.KindAddress, Start: i, End: locality(s, end), Score: 0.85})
	}
	return out
}

// streetAhead is where the street ends whose number stands before at: capitalised words, the last of them one for a
// street, or such a word with capitalised ones behind it. It is -1 without one.
func streetAhead(s string, at int) int {
	last := -1
	for n := 0; n < 6 && at < len(s) && (s[at] == ' ' || s[at] == ',' && n <= 1); n++ {
		from := skip(s, at, 2, " ,")
		end := wordEnd(s, from, "'/")
		if end == from || end-from > longestStreetWord {
			break
		}
		w := strings.ToLower(s[from:end])
		switch {
		case n == 0 && streetBefore[w] && capitalWords(s, end) > end:
			return capitalWords(s, end)
		case n > 0 && streetAfter[w]:
			last = end
		case streetFiller[w] && (n == 0 || !houseLetter[w]):
		case s[from] >= 'a' && s[from] <= 'z':
			return last
		}
		at = end
		if end < len(s) && s[end] == '.' && streetAfter[w] {
			at++
		}
	}
	return last
}

// wordEnd is where the word at from ends, which may hold some other bytes; it is too long when more than
// longestStreetWord are read.
func wordEnd(s string, from int, others string) int {
	end := from
	for end < len(s) && end-from <= longestStreetWord &&
		(finding.IsWordByte(s[end]) || strings.IndexByte(others, s[end]) >= 0) {
		end++
	}
	return end
}

// capitalWords runs over up to five words that begin with a capital, with the small words of street names between them.
func capitalWords(s string, at int) int {
	end := at
	for range 5 {
		if at >= len(s) || s[at] != ' ' {
			return end
		}
		from := at + 1
		to := wordEnd(s, from, "'-")
		if to == from || to-from > longestStreetWord {
			return end
		}
		w := strings.ToLower(s[from:to])
		switch {
		case beginsCapital(s[from]):
			end = to
		case streetSmall[w] || strings.HasPrefix(w, "l'") || strings.HasPrefix(w, "d'"):
		default:
			return end
		}
		at = to
	}
	return end
}

// beginsCapital tells the first byte of words that begin with a capital letter, of those outside ASCII by their first
// byte only: É and Ö, but é and ö as well.
func beginsCapital(c byte) bool { return c >= 'A' && c <= 'Z' || c == 0xC3 }

// streetBehind tells where the street begins that stands before the number at i.
func streetBehind(s string, i int) (int, bool) {
	at := beforeNumber(s, i)
	if at == i {
		return 0, false
	}
	if from, ok := postBox(s, at); ok {
		return from, true
	}
	for n, end := 0, at; n < 5 && end > 0; n++ {
		from := wordBegin(s, end)
		if from == end || end-from > longestStreetWord {
			return 0, false
		}
		w := strings.ToLower(s[from:end])
		capital := beginsCapital(s[from])
		switch {
		case n == 0 && !capital && s[from] < utf8.RuneSelf:
			return 0, false
		case n == 0 && capital && streetName(w), n > 0 && streetBefore[strings.TrimRight(w, ".")]:
			return from, true
		case !capital && len(w) > 3, from == 0, s[from-1] != ' ':
			return 0, false
		}
		end = from - 1
	}
	return 0, false
}

// wordBegin is where the word of a street begins that ends at end; it is too long when more than longestStreetWord are
// read.
func wordBegin(s string, end int) int {
	from := end
	for from > 0 && end-from <= longestStreetWord &&
		(finding.IsWordByte(s[from-1]) || strings.IndexByte("'.-/", s[from-1]) >= 0) {
		from--
	}
	return from
}

// beforeNumber steps back over what stands between a street and its number.
func beforeNumber(s string, i int) int {
	at := i
	for at > 0 && (s[at-1] == ' ' || s[at-1] == ',') && i-at < 3 {
		at--
	}
	if strings.HasSuffix(s[:at], "n°") || strings.HasSuffix(s[:at], "nº") {
		at = len(strings.TrimRight(s[:at-3], " ,"))
	}
	return at
}

// postBox tells where the words for a post office box begin that end at at.
func postBox(s string, at int) (int, bool) {
	low := strings.ToLower(s[max(0, at-14):at])
	for _, box := range words["post boxes"] {
		if strings.HasSuffix(low, box) {
			return at - len(box), true
		}
	}
	return 0, false
}

// streetName tells words that end as streets do: Hauptstraße.
func streetName(w string) bool {
	for _, end := range words["street endings"] {
		if strings.HasSuffix(w, end) && len(w) > len(end)+2 {
			return true
		}
	}
	return false
}

// locality runs on over what belongs to an address behind the street: flat, city, state, postal code.
func locality(s string, end int) int {
	return localityUpTo(s[:min(len(s), end+longestLocality)], end)
}

// longestStreetWord bounds the words that are looked up as parts of streets.
const longestStreetWord = 64

// longestLocality bounds what may belong to an address behind the street.
const longestLocality = 160

func localityUpTo(s string, end int) int {
	if abbreviated(s, end) {
		if e := localityUpTo(s, end+1); e > end+1 {
			return e
		}
	}
	for at := end; at < len(s) && at-end < 60 && (s[at] == ',' || s[at] == ' '); {
		from := skip(s, at, 2, ", ")
		to := from
		for to < len(s) && (finding.IsWordByte(s[to]) || s[to] == '-' || s[to] == '#') {
			to++
		}
		w := s[from:to]
		switch {
		case w == "":
			return end
		case slices.ContainsFunc(words["flats"], func(flat string) bool { return strings.EqualFold(flat, w) }):
		case ofLocality(w, s[at] == ',' || finding.IsDigit(s[at-1])):
			end = to
		default:
			return end
		}
		if at = to; at < len(s) && s[at] == '.' {
			at++
		}
	}
	return end
}

// abbreviated tells that the word for a street that ends at end has a full stop, with more of the address behind it.
func abbreviated(s string, end int) bool {
	return end+2 < len(s) && s[end] == '.' && (s[end+1] == ' ' || s[end+1] == ',') && s[end+2] != ' ' &&
		streetAfter[strings.ToLower(lastWord(s[max(0, end-longestStreetWord):end]))]
}

// ofLocality tells numbers of flats, postal codes, states of two capitals, and, where a city may follow, capitalised
// words.
func ofLocality(w string, city bool) bool {
	return finding.IsDigit(w[0]) || w[0] == '#' || w[0] >= 'A' && w[0] <= 'Z' && city ||
		len(w) == 2 && finding.IsAlpha(w[0]) && w == strings.ToUpper(w)
}

func lastWord(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }

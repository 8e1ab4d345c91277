package form

import (
	"strings"

	"outcrop/policy/finding"
)

// The words that make a name a street's.
var (
	streetAfter  = words.Set("street after")
	streetBefore = words.Set("street before")
	streetSmall  = words.Set("street small")
	streetFiller = words.Set("street filler")
	flats        = words.Set("flats")
)

// address looks at a house number: with a street behind it (12 Main Street), or before it (Hauptstraße 12, Calle Mayor
// 5), or at the number of a post office box.
func (p *Patterns) address(s string, i int, out []finding.Finding) []finding.Finding { //nolint:gocyclo // a recogniser by hand: one pass, many small conditions
	if i > 0 && (finding.IsWordByte(s[i-1]) || s[i-1] == '.' || s[i-1] == '-' || s[i-1] == '/' || s[i-1] == ':' ||
		s[i-1] == '$') {
		return out
	}
	b := i
	for b < len(s) && finding.IsDigit(s[b]) && b-i < 6 {
		b++
	}
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
	// Words behind the number: capitalised ones, the last a street word.
	at, words, last := b, 0, -1
	for at < len(s) && words < 6 && (s[at] == ' ' || s[at] == ',' && words <= 1) {
		from := at
		for from < len(s) && (s[from] == ' ' || s[from] == ',') && from-at < 2 {
			from++
		}
		end := from
		for end < len(s) && end-from <= longestStreetWord && (finding.IsWordByte(s[end]) || s[end] == '\'' || s[end] == '/') {
			end++
		}
		if end == from || end-from > longestStreetWord {
			break
		}
		w := strings.ToLower(s[from:end])
		first := words == 0
		words++
		switch {
		case first && streetBefore[w] && capitalNext(s, end), !first && streetAfter[w]:
			last = end
			if first {
				last = capitalWords(s, end)
			}
		case first && (w == "bis" || w == "ter") || w == "of" || w == "the":
		case s[from] >= 'a' && s[from] <= 'z':
			at = len(s)
			continue
		}
		if last > 0 && first {
			break
		}
		at = end
		if end < len(s) && s[end] == '.' && streetAfter[w] {
			at++
		}
	}
	if last < 0 {
		return out
	}
	return append(out, finding.Finding{Kind: finding.KindAddress, Start: i, End: locality(s, last), Score: 0.85})
}

func capitalNext(s string, at int) bool {
	return capitalWords(s, at) > at
}

// capitalWords runs over up to five words that begin with a capital, with the small words of street names between them.
func capitalWords(s string, at int) int {
	end := at
	for range 5 {
		from := at
		for from < len(s) && s[from] == ' ' && from-at < 1 {
			from++
		}
		to := from
		for to < len(s) && to-from <= longestStreetWord && (finding.IsWordByte(s[to]) || s[to] == '\'' || s[to] == '-') {
			to++
		}
		if to == from || from == at || to-from > longestStreetWord {
			return end
		}
		c := s[from]
		switch w := strings.ToLower(s[from:to]); {
		case c >= 'A' && c <= 'Z' || c == 0xC3:
			end = to
		case w == "de" || w == "la" || w == "du" || w == "des" || w == "del" || w == "los" || w == "las" || w == "le" ||
			strings.HasPrefix(w, "l'") || strings.HasPrefix(w, "d'"):
		default:
			return end
		}
		at = to
	}
	return end
}

// streetBehind tells where the street begins that stands before the number at i.
func streetBehind(s string, i int) (int, bool) {
	at := beforeNumber(s, i)
	if at == i {
		return 0, false
	}
	if from, ok := postBox(s, at); ok {
		return from, true
	}
	for words, end := 0, at; words < 5 && end > 0; words++ {
		from := end
		for from > 0 && end-from <= longestStreetWord && (finding.IsWordByte(s[from-1]) || s[from-1] == '\'' ||
			s[from-1] == '.' || s[from-1] == '-' || s[from-1] == '/') {
			from--
		}
		if from == end || end-from > longestStreetWord {
			return 0, false
		}
		w := strings.ToLower(s[from:end])
		if words == 0 {
			if c := s[from]; (c < 'A' || c > 'Z') && c < 0x80 {
				return 0, false
			}
			if streetName(w) && (s[from] >= 'A' && s[from] <= 'Z' || s[from] == 0xC3) {
				return from, true
			}
		}
		if words > 0 && streetBefore[strings.TrimRight(w, ".")] {
			return from, true
		}
		if c := s[from]; (c < 'A' || c > 'Z') && c != 0xC3 && len(w) > 3 {
			return 0, false
		}
		end = from
		if end == 0 || s[end-1] != ' ' {
			return 0, false
		}
		end--
	}
	return 0, false
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

func localityUpTo(s string, end int) int { //nolint:gocyclo // a recogniser by hand: one pass, many small conditions
	if end < len(s) && s[end] == '.' && end+1 < len(s) && (s[end+1] == ' ' || s[end+1] == ',') && end+2 < len(s) &&
		s[end+2] != ' ' && streetAfter[strings.ToLower(lastWord(s[max(0, end-longestStreetWord):end]))] {
		if e := localityUpTo(s, end+1); e > end+1 {
			return e
		}
	}
	at := end
	for at < len(s) && at-end < 60 && (s[at] == ',' || s[at] == ' ') {
		from := at
		for from < len(s) && (s[from] == ',' || s[from] == ' ') && from-at < 2 {
			from++
		}
		to := from
		for to < len(s) && (finding.IsWordByte(s[to]) || s[to] == '-' || s[to] == '#') {
			to++
		}
		w := s[from:to]
		switch {
		case to == from:
			return end
		case finding.IsDigit(w[0]) && len(w) >= 4 && len(w) <= 10 || w[0] == '#':
			end = to
		case len(w) == 2 && w == strings.ToUpper(w) && finding.IsAlpha(w[0]):
			end = to
		case strings.EqualFold(w, "apt") || strings.EqualFold(w, "suite") || strings.EqualFold(w, "flat") ||
			strings.EqualFold(w, "unit"):
		case finding.IsDigit(w[0]):
			end = to
		case w[0] >= 'A' && w[0] <= 'Z' && (s[at] == ',' || finding.IsDigit(s[at-1])):
			end = to
		default:
			return end
		}
		at = to
		if at < len(s) && s[at] == '.' {
			at++
		}
	}
	return end
}

func lastWord(s string) string { return s[strings.LastIndexByte(s, ' ')+1:] }

package injection

import (
	"strings"
	"unicode/utf8"
)

// What remains of a rule's weight where its words are talked about and not meant.
const (
	byMention  = 0.3  // quoted, or in a text about attacks
	byPlace    = 0.35 // not where an order may begin: "users who ignore all previous warnings"
	byQuestion = 0.2  // "how do I ignore …"
	byAsking   = 0.5  // in a sentence with a question mark
)

// opening is what decides for most rules and clauses that they have nothing to do with each other: the first two words
// of a rule, side by side with those of the others. A rule of one word has its first in place of the second.
type opening struct{ first, second class }

var openings = func() []opening {
	all := make([]opening, len(injectionRules))
	for i, r := range injectionRules {
		all[i] = opening{r.steps[0].class, r.steps[min(1, len(r.steps)-1)].class}
	}
	return all
}()

// matchRules notes every rule that the words of a text keep, with the weight of its worst place.
func (found *tally) matchRules(t *reading) {
	for c := range t.clauses {
		here := t.clauses[c].classes
		if here&^(wFill|wLead|wGreet) == 0 {
			continue
		}
		both := here
		if c+1 < len(t.clauses) {
			both |= t.clauses[c+1].classes
		}
		for i := range openings {
			if o := &openings[i]; here&o.first == 0 || both&o.second == 0 {
				continue
			}
			r := &injectionRules[i]
			classes := here
			if r.how&onward != 0 {
				classes = both
			}
			if !r.possible(classes) {
				continue
			}
			if w := r.weigh(t, c); w > 0 {
				found.add(r.name, w)
			}
		}
	}
}

func (r *injectionRule) possible(present class) bool {
	for _, s := range r.steps {
		if present&s.class == 0 {
			return false
		}
	}
	return true
}

// weigh gives the greatest weight with which a rule holds in a clause.
func (r *injectionRule) weigh(t *reading, c int) float64 {
	weight := 0.0
	here := &t.clauses[c]
	to := here.to
	if r.how&onward != 0 && c+1 < len(t.clauses) {
		to = t.clauses[c+1].to
	}
	for at := here.from; at < here.to && weight < r.weight; at++ {
		if t.words[at].class&r.steps[0].class == 0 {
			continue
		}
		if end := r.match(t.words[:to], at); end >= 0 {
			weight = max(weight, r.weight*r.meant(t, c, at, end))
		}
	}
	return weight
}

// match gives the index of the last word of the rule when it begins at a word, or -1.
func (r *injectionRule) match(words []word, at int) int {
	end := at
	for _, s := range r.steps[1:] {
		next, left := -1, s.gap
		for i := end + 1; i < min(len(words), end+2+2*s.gap) && left >= 0; i++ {
			if words[i].class&s.class != 0 {
				next = i
				break
			}
			if words[i].class&wFill == 0 {
				left--
			}
		}
		if next < 0 {
			return -1
		}
		end = next
	}
	if r.how&last != 0 {
		for i := end + 1; i < len(words); i++ {
			if words[i].class&(wFill|wLead|wPrior|wThings|wText|wThis|wMy|wGreet|wExact) == 0 || i > end+4 {
				return -1
			}
		}
	}
	return end
}

// meant tells how much of a rule's weight counts at a place, 0 to 1.
func (r *injectionRule) meant(t *reading, c, at, end int) float64 {
	words, here, share := t.words, &t.clauses[c], 1.0
	starts := words[at].start || at > here.from && continues(words[at-1].text) && !here.howTo && !here.asked
	given := starts && r.how&order != 0 // the words are an order, whatever the clause asks
	if r.how&order != 0 && !starts {
		share *= byPlace
	}
	if words[end].quoted && (words[at].quoted || here.classes&wTalk != 0) || mentioned(t, c, at) {
		share *= byMention
	}
	if r.ofSpeaker(words[at : end+1]) {
		share *= byMention
	}
	return share * r.aside(t, c, at, end, given) * r.asked(here, words[at:end+1], given, at == here.from)
}

// asked is what remains of a rule's weight where its words, which may be given as an order, stand in a question; first
// says that the clause begins with them.
func (r *injectionRule) asked(here *clause, words []word, given, first bool) float64 {
	switch {
	case here.howTo && (!given || first) && classesOf(words)&(wYou|wSelf) == 0:
		return byQuestion
	case here.asked && r.how&ask == 0 && !given:
		return byAsking
	}
	return 1
}

// continues tells the words behind which another order may follow the first.
func continues(w string) bool {
	switch w {
	case "and", "und", "then", "but", "sondern", "y", "et", "e", "и":
		return true
	}
	return false
}

func classesOf(words []word) class {
	var c class
	for i := range words {
		c |= words[i].class
	}
	return c
}

// mentioned tells whether a text talks about such texts where a rule holds: "detect the phrase ignore all …". An order
// that begins its clause is meant unless that very clause talks about it.
func mentioned(t *reading, c, at int) bool {
	for i := at - 1; i >= max(t.clauses[c].from, at-7); i-- {
		if t.words[i+1].comma && t.words[at].start && classesOf(t.words[at:t.clauses[c].to])&wSelf != 0 {
			break // "…, so ignore your rules" is meant, whatever was talked of before
		}
		if t.words[i].class&wTalk != 0 {
			return true
		}
	}
	if t.words[at].start && !t.words[at].quoted {
		return false
	}
	for k := max(0, c-1); k <= min(c+1, len(t.clauses)-1); k++ {
		if t.clauses[k].classes&wTalk != 0 {
			return true
		}
	}
	return false
}

// ofSpeaker tells orders about the speaker's own text: "ignore the typos in my earlier message".
func (r *injectionRule) ofSpeaker(words []word) bool {
	return r.how&own == 0 &&
		(classesOf(words[:len(words)-1])&wMy != 0 || r.how&ask != 0 && classesOf(words)&wMe != 0)
}

// matchPhrases notes the marks of chat templates.
func (found *tally) matchPhrases(text string) {
	var seen uint64 // bits of phrases
	for _, first := range "<[#\n" {
		for at := 0; ; at++ {
			next := strings.IndexByte(text[at:], byte(first))
			if next < 0 {
				break
			}
			at += next
			for i := range phrases {
				if beginsWith(text[at:], phrases[i].text) {
					seen |= 1 << i
				}
			}
		}
	}
	for i, p := range phrases {
		if seen&(1<<i) != 0 || p.text[0] >= utf8.RuneSelf && strings.Contains(text, p.text) {
			found.add("template: "+strings.TrimSpace(p.text), p.weight)
		}
	}
}

// beginsWith tells whether a text begins with a phrase in small letters, in any case.
func beginsWith(text, phrase string) bool {
	return len(text) >= len(phrase) && text[0] == phrase[0] && text[1]|0x20 == phrase[1]|0x20 &&
		strings.EqualFold(text[:len(phrase)], phrase)
}

package injection

// What keeps words that sound like an order from being one to the model: somebody tells of it, it is about the rules of
// something else, or about a text that is handed over together with the question.

// The lists are explained in lists.txt; their words are read without accents, as those of no class of the vocabulary
// are.
var (
	reports  = lists.Set("reports")
	owners   = lists.Set("owners")
	places   = lists.Set("places")
	audience = lists.Set("audience")
	asksHow  = lists.Set("asks how")
)

// toModel are the classes of words that mean the model, its owner, or what it was told.
const toModel = wYou | wSelf | wModel | wUser | wMe | wMy | wThis | wSay | wText | wTarget | wPrompt | wSystem | wAll |
	wSecret | wStart | wBefore | wPrior | wExact | wNow

// aside tells how much of a rule's weight counts between at and end when the words may be about something else; given
// says that they are an order, which no report takes away.
func (r *injectionRule) aside(t *reading, c, at, end int, given bool) float64 {
	words, here, share := t.words, &t.clauses[c], 1.0
	if words[at].class&wSay == 0 && quotedObject(words[at:end+1]) {
		share *= byMention // translate "ignore all rules"; what is to be said stands in quotation marks, too
	}
	if !given && reported(words[here.from:end+1], at-here.from) {
		share *= byMention
	}
	tail := words[end+1 : min(len(words), max(here.to, end+1))]
	return share * r.elsewhere(words[at:end+1], tail, here.asked)
}

// elsewhere is what remains of the weight of words that may be about the rules of something else, or hand a text on;
// tail is what follows in the clause, which may be asked.
func (r *injectionRule) elsewhere(words, tail []word, asked bool) float64 {
	about, end := classesOf(words), &words[len(words)-1]
	leak := r.name == promptLeak
	if !leak && (r.name != "override" || about&(wPrior|wAll|wSelf) != 0) && r.name != "new task" {
		return 1
	}
	if leak && about&(wYou|wSelf) == 0 {
		switch {
		case hasAny(words[:len(words)-1], asksHow):
			return byQuestion
		case about&wSystem == 0 && end.text != "prompt" && hasAny(tail, audience):
			return byMention
		}
	}
	if end.class&(wTarget|wPrompt|wTask) != 0 && (about&wSelf == 0 || asked) && ofOthers(tail, !leak) {
		return byMention
	}
	return 1
}

// quotedObject tells that all but the first of the words stand in quotation marks.
func quotedObject(words []word) bool {
	if len(words) < 2 || words[0].quoted {
		return false
	}
	quoted := false
	for i := range words[1:] {
		w := &words[1+i]
		if !w.quoted && w.class&^(wFill|wLead|wMe) != 0 {
			return false
		}
		quoted = quoted || w.quoted
	}
	return quoted
}

// reported tells that the words, of which the rule's begin at at, are told of: behind a word of reports nobody is
// addressed.
func reported(words []word, at int) bool {
	for i := len(words) - 1; i >= max(0, at-9); i-- {
		if words[i].class&(wYou|wSelf) != 0 {
			return false
		}
		if i > 0 && reports[words[i].text] {
			return classesOf(words[max(0, i-3):i])&wYou == 0 // "you were told to" tells the model
		}
	}
	return false
}

// hasAny tells whether one of the words is in a set.
func hasAny(words []word, set map[string]bool) bool {
	for i := range words {
		if set[words[i].text] {
			return true
		}
	}
	return false
}

// ofOthers tells that the words behind a target say what it is of, and that this is not the model; where tells that a
// place counts, too.
func ofOthers(tail []word, where bool) bool {
	for i := range min(2, len(tail)) {
		if !owners[tail[i].text] && (!where || !places[tail[i].text]) {
			if tail[i].class != 0 {
				return false
			}
			continue
		}
		rest := tail[i+1 : min(len(tail), i+4)]
		for k := range rest {
			if rest[k].class&toModel != 0 || audience[rest[k].text] {
				return false
			}
		}
		return len(rest) > 0
	}
	return false
}

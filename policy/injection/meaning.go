package injection

// classify looks the words up, finds where orders may begin, and what a clause asks.
func (r *reader) classify(t *reading) {
	for i := range t.words {
		r.meaning(&t.words[i], &t.tricks)
	}
	for i := range t.clauses {
		c := &t.clauses[i]
		words := t.words[c.from:c.to]
		leading := true
		for k := range words {
			w := &words[k]
			c.classes |= w.class
			w.start = leading || w.comma
			leading = (leading || w.comma) && leads(words, k)
		}
		c.howTo = howTo(words)
	}
}

// always are the classes of words behind which an order may follow whatever stands beside them.
const always = wLead | wGreet | wMust | wModel | wOnly | wNow | wAll | wSelf

// beside are the classes of words beside a word, one of which makes it lead into an order.
type beside struct{ word, secondBefore, before, after, secondAfter class }

// leadIns are the words that lead into an order only beside others: "can you", "I want you to". The first row whose
// word fits decides.
var leadIns = []beside{
	{word: wYou, secondBefore: wNow, before: wAsk | wWant | wMust, after: wMust | wLead},
	{word: wAsk, after: wYou},
	{word: wMe, after: wWant},
	{word: wWant, before: wMe, after: wYou},
}

// toWhom is beside what "to" leads into an order: "to the AI: …", "you are to".
var toWhom = beside{before: wYou | wMust, after: wModel, secondAfter: wModel}

// leads tells whether an order may still follow a word that stands where one may begin: "please", "I want you to", "can
// you".
func leads(words []word, k int) bool {
	w := &words[k]
	if w.class&always != 0 {
		return true
	}
	switch w.text {
	case "the", "die", "der", "das":
		return true
	case "to", "an", "for", "für":
		return toWhom.holds(words, k)
	}
	for i := range leadIns {
		if w.class&leadIns[i].word != 0 {
			return leadIns[i].holds(words, k)
		}
	}
	return false
}

func (b *beside) holds(words []word, k int) bool {
	return classAt(words, k-2)&b.secondBefore|classAt(words, k-1)&b.before|
		classAt(words, k+1)&b.after|classAt(words, k+2)&b.secondAfter != 0
}

// classAt gives the classes of a word, none outside of the words.
func classAt(words []word, k int) class {
	if k < 0 || k >= len(words) {
		return 0
	}
	return words[k].class
}

// howTo tells "how do I …", "what is the best …": within its first words a question that is not about the reader.
func howTo(words []word) bool {
	for i := range min(len(words), 4) {
		if words[i].class&wAsk == 0 || words[i].class&wYou != 0 {
			continue
		}
		for k := i; k < min(len(words), i+4); k++ {
			if words[k].class&(wYou|wSelf) != 0 {
				return false
			}
			if words[k].class&(wMe|wUser|wMy) != 0 || words[k].text == "to" && k == i+1 {
				return true
			}
		}
	}
	return false
}

// meaning finds the classes of a word, behind what it is disguised as.
func (r *reader) meaning(w *word, t *tricks) {
	if w.class = r.words.find(w.text); w.class != 0 {
		return
	}
	if w.kinds&beyond != 0 {
		if latin, changed := plainLetters(w.text, t); changed {
			w.text = latin
			if w.class = r.words.find(latin); w.class != 0 {
				return
			}
		}
	}
	if w.class = r.words.near.find(w.text); w.class != 0 || w.kinds&sign == 0 {
		return
	}
	if plain, ok := unleet(w.text); ok {
		if c := r.words.find(plain); c != 0 {
			w.text, w.class, w.leet = plain, c, true
		}
	}
}

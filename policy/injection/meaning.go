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

// leads tells whether an order may still follow a word that stands where one may begin: "please", "I want you to", "can
// you".
func leads(words []word, k int) bool {
	w := &words[k]
	var before, after class
	if k > 0 {
		before = words[k-1].class
	}
	if k+1 < len(words) {
		after = words[k+1].class
	}
	switch {
	case w.class&(wLead|wGreet|wMust|wModel|wOnly|wNow|wAll|wSelf) != 0:
		return true
	case w.text == "the" || w.text == "die" || w.text == "der" || w.text == "das":
		return true
	case w.text == "to" || w.text == "an" || w.text == "for" || w.text == "für": // "to the AI: …"
		return after&wModel != 0 || k+2 < len(words) && words[k+2].class&wModel != 0 || before&(wYou|wMust) != 0
	case w.class&wYou != 0:
		return k > 1 && words[k-2].class&wNow != 0 || before&(wAsk|wWant|wMust) != 0 || after&(wMust|wLead) != 0
	case w.class&wAsk != 0:
		return after&wYou != 0
	case w.class&wMe != 0:
		return after&wWant != 0
	case w.class&wWant != 0:
		return after&wYou != 0 || before&wMe != 0
	}
	return false
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

package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is one word of a text as an attacker's reader would see it: folded, without tricks of encoding.
type word struct {
	text   string
	class  class
	clause int  // index of its clause
	start  bool // an order may begin here: nothing but words that lead into one stands before it in its clause
	quoted bool
	comma  bool // behind a comma or dash
	leet   bool // written with digits for letters
}

// clause is a piece of a text up to a mark that ends a thought.
type clause struct {
	from, to int   // its words are [from, to)
	classes  class // of all its words
	asked    bool  // ends with a question mark
	howTo    bool  // "how do I …", "what is the …": asks about things, not about the model
}

// reading is a text taken apart. It is kept for the next text, so that reading costs no memory.
type reading struct {
	words   []word
	clauses []clause
	tricks  tricks
}

// lettering is what a byte is to the reader: part of a word, an end of a clause, or neither.
var lettering = func() (table [utf8.RuneSelf]byte) {
	for c := range table {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '_', c == '@', c == '$':
			table[c] = 'w'
		case strings.IndexByte("!\n;:|", byte(c)) >= 0:
			table[c] = '.'
		case strings.IndexByte("?.,(\"'`\\", byte(c)) >= 0:
			table[c] = byte(c)
		}
	}
	table['?'] = '?'
	return table
}()

// reader splits texts into words. It holds no state between texts.
type reader struct{ words lexicon }

// read takes a text apart.
func (r *reader) read(text string, into *reading) {
	into.words, into.clauses, into.tricks = into.words[:0], into.clauses[:0], tricks{}
	plain := unquoted(unmasked(text, &into.tricks))
	p := splitter{reader: r, reading: into, plain: plain, json: strings.Contains(plain, `":`)}
	p.run()
	r.joinLetters(into)
	r.classify(into)
}

// unquoted drops the quotation marks around a whole text, which make no mention of it.
func unquoted(s string) string {
	s = strings.TrimSpace(s)
	first := firstRune(s)
	last, size := utf8.DecodeLastRuneInString(s)
	if first != '{' && isQuote(first) && isQuote(last) && len(s) > size+1 && !strings.ContainsRune(s[1:len(s)-size], first) {
		return s[utf8.RuneLen(first) : len(s)-size]
	}
	return s
}

// splitter is where the reader is in a text.
type splitter struct {
	reader  *reader
	reading *reading
	plain   string
	json    bool // quotation marks are syntax, not mention
	first   int  // word with which the clause begins
	quote   bool
	comma   bool
}

func (p *splitter) run() {
	for i := 0; i < len(p.plain); {
		c := p.plain[i]
		if c >= utf8.RuneSelf {
			i = p.unicode(i)
			continue
		}
		switch lettering[c] {
		case 'w':
			i = p.word(i)
			continue
		case '.':
			if c != '.' {
				p.end(false)
				p.quote = p.quote && c != '\n'
			} else if i+1 >= len(p.plain) || p.plain[i+1] == ' ' || p.plain[i+1] == '\n' {
				p.end(false)
			}
		case '?':
			p.end(true)
		case ',', '(':
			p.comma = true
		case '\\': // \n inside a JSON string
			if i+1 < len(p.plain) && p.json && strings.IndexByte("nrt", p.plain[i+1]) >= 0 {
				p.end(false)
				i++
			}
		case '"', '\'', '`':
			p.quotation(i)
		}
		i++
	}
	p.end(false)
}

func (p *splitter) unicode(i int) int {
	c, size := utf8.DecodeRuneInString(p.plain[i:])
	switch {
	case joined(c):
		return p.word(i)
	case c == '—' || c == '–' || c == '，' || c == '、':
		p.comma = true
	case isQuote(c):
		p.quotation(i)
	case c == '？' || c == '؟':
		p.end(true)
	case c == '。' || c == '！' || c == '；' || c == '：' || c == '•':
		p.end(false)
	}
	return i + size
}

func (p *splitter) quotation(i int) {
	switch {
	case p.json:
		if p.plain[i] == '"' {
			p.end(false)
		}
	case p.quote || !apostrophe(p.plain, i):
		p.quote = !p.quote
	}
}

func (p *splitter) end(asked bool) {
	p.comma = false
	if n := len(p.reading.words); n > p.first {
		p.reading.clauses = append(p.reading.clauses, clause{from: p.first, to: n, asked: asked})
		p.first = n
	} else if n := len(p.reading.clauses); n > 0 && asked {
		p.reading.clauses[n-1].asked = true // "?!"
	}
}

// word reads the word that begins at i and gives the place behind it.
func (p *splitter) word(i int) int {
	end := i
	for end < len(p.plain) {
		c := p.plain[end]
		if c < utf8.RuneSelf {
			if lettering[c] == 'w' {
				end++
				continue
			}
			if c == '\'' && strings.HasPrefix(p.plain[end:], "'t") { // don't
				end += 2
				continue
			}
			break
		}
		n, size := utf8.DecodeRuneInString(p.plain[end:])
		if !joined(n) {
			break
		}
		end += size
	}
	run := strings.TrimLeft(strings.Trim(p.plain[i:end], "_"), "@$")
	if run == "" {
		return end
	}
	n, id := len(p.reading.words), len(p.reading.clauses)
	p.reading.words = p.reader.appendWords(p.reading.words, word{text: run, quoted: p.quote, clause: id})
	p.reading.words[n].comma, p.comma = p.comma, false
	return end
}

func joined(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.IsMark(c)
}

func isQuote(c rune) bool {
	switch c {
	case '"', '“', '”', '„', '«', '»', '\'', '‘', '`', '「', '」', '『', '』':
		return true
	}
	return false
}

// apostrophe tells an apostrophe inside a word, or of a plural, from the beginning of a quotation.
func apostrophe(s string, i int) bool {
	if s[i] != '\'' {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	return unicode.IsLetter(before)
}

// appendWords adds a run of letters: one word, or the pieces of a run in a script without spaces.
func (r *reader) appendWords(words []word, w word) []word {
	run := w.text
	for run != "" {
		c, size := utf8.DecodeRuneInString(run)
		end := len(run)
		if unspaced(c) {
			end = max(r.words.longest(run), size)
		} else if i := indexUnspaced(run); i > 0 {
			end = i
		}
		w.text, run = run[:end], run[end:]
		words = append(words, w)
	}
	return words
}

func indexUnspaced(s string) int {
	for i := range len(s) {
		if s[i] >= 0xE0 { // such scripts lie where UTF-8 needs three bytes
			return strings.IndexFunc(s, unspaced)
		}
	}
	return -1
}

// unspaced are the scripts that put no space between words.
func unspaced(c rune) bool {
	return c >= 0x0E00 && unicode.In(c, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Hangul)
}

// joinLetters puts words together that are spelled letter by letter: "i g n o r e".
func (r *reader) joinLetters(t *reading) {
	const least = 4
	run, longest := 0, 0
	for i := range t.words {
		if len(t.words[i].text) > 1 {
			run = 0
		} else if run++; run > longest {
			longest = run
		}
	}
	if longest < least {
		return
	}
	old, clauses := t.words, t.clauses
	t.words = make([]word, 0, len(old))
	for c := range clauses {
		from, to := clauses[c].from, clauses[c].to
		clauses[c].from = len(t.words)
		for i := from; i < to; {
			n := i
			for n < to && len(old[n].text) == 1 {
				n++
			}
			if n-i < least {
				t.words = append(t.words, old[i])
				i++
				continue
			}
			var b strings.Builder
			for _, w := range old[i:n] {
				b.WriteString(w.text)
			}
			joined := old[i]
			for _, joined.text = range r.words.split(b.String()) {
				t.words = append(t.words, joined)
			}
			t.tricks.spaced, i = true, n
		}
		clauses[c].to = len(t.words)
	}
}

func firstRune(s string) rune {
	c, _ := utf8.DecodeRuneInString(s)
	return c
}

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

// leads tells whether an order may still follow a word that stands where one may begin: "please", "I want you to", "can you".
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
		return before&(wAsk|wWant|wMust) != 0 || after&(wMust|wLead) != 0
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
	if latin, changed := plainLetters(w.text, t); changed {
		w.text = latin
		if w.class = r.words.find(latin); w.class != 0 {
			return
		}
	}
	if w.class = r.words.misread(w.text); w.class != 0 {
		return
	}
	if plain, ok := unleet(w.text); ok {
		if c := r.words.find(plain); c != 0 {
			w.text, w.class, w.leet = plain, c, true
		}
	}
}

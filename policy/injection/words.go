package injection

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// word is one word of a text as an attacker's reader would see it: folded, without tricks of encoding.
type word struct {
	text   string
	class  class
	kinds  kinds // of its characters, at least
	start  bool  // an order may begin here: nothing but words that lead into one stands before it in its clause
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
	letters int    // the longest run of words of one letter
	buffer  []byte // where the text is unmasked
}

// kinds are the kinds of characters in a word, by which most words are spared the search for disguises.
type kinds uint8

const (
	letter kinds = 1 << iota // a to z
	sign                     // a digit or sign that leetspeak writes for a letter
	other                    // another digit, or an underscore
	beyond                   // beyond ASCII; whether it is part of a word is told by what character it is
)

// parts are the kinds of bytes of which words consist, 0 for those of no word.
var parts = func() (table [256]kinds) {
	for c := range table {
		switch {
		case c >= utf8.RuneSelf:
			table[c] = beyond
		case c >= 'a' && c <= 'z':
			table[c] = letter
		case leetLetters[c] != 0:
			table[c] = sign
		case c >= '0' && c <= '9', c == '_':
			table[c] = other
		}
	}
	return table
}()

// lettering is what a byte is to the reader: part of a word, an end of a clause, or neither.
var lettering = func() (table [utf8.RuneSelf]byte) {
	for c := range table {
		switch {
		case parts[c] != 0:
			table[c] = 'w'
		case strings.IndexByte("!\n;:|", byte(c)) >= 0:
			table[c] = '!'
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
	into.words, into.clauses, into.tricks, into.letters = into.words[:0], into.clauses[:0], tricks{}, 0
	plain := unquoted(into.unmasked(text))
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
	letters int  // how many words of one letter stand before this place
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
		case '!':
			p.end(false)
			p.quote = p.quote && c != '\n'
		case '.':
			if rest := p.plain[i+1:]; rest == "" || rest[0] == ' ' || rest[0] == '\n' {
				p.end(false)
			}
		case '?':
			p.end(true)
		case ',', '(':
			p.comma = true
		case '\\':
			i += p.escape(i + 1)
		case '"', '\'', '`':
			p.quotation(i)
		}
		i++
	}
	p.end(false)
}

// escape ends the clause at \n inside a JSON string, and gives how many bytes behind the backslash belong to it.
func (p *splitter) escape(i int) int {
	if !p.json || i == len(p.plain) || strings.IndexByte("nrt", p.plain[i]) < 0 {
		return 0
	}
	p.end(false)
	return 1
}

func (p *splitter) unicode(i int) int {
	c, size := utf8.DecodeRuneInString(p.plain[i:])
	switch {
	case finding.Joined(c):
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
	for end < len(p.plain) && parts[p.plain[end]] == letter {
		end++
	}
	n, w := len(p.reading.words), word{text: p.plain[i:end], kinds: letter, quoted: p.quote, comma: p.comma}
	if end < len(p.plain) && (parts[p.plain[end]] != 0 || p.plain[end] == '\'') {
		w.kinds, end = p.more(end)
		if w.text = strings.TrimLeft(strings.Trim(p.plain[i:end], "_"), "@$"); w.text == "" {
			return end
		}
	}
	if w.kinds&beyond != 0 {
		p.reading.words = p.reader.appendWords(p.reading.words, w)
	} else {
		p.reading.words = append(p.reading.words, w)
	}
	p.comma = false
	p.count(p.reading.words[n:])
	return end
}

// more reads on in a word that does not consist of the letters a to z alone, and gives its kinds and its end.
func (p *splitter) more(end int) (kinds, int) {
	made := letter
	for end < len(p.plain) {
		kind := parts[p.plain[end]]
		switch {
		case kind == beyond:
			n, size := utf8.DecodeRuneInString(p.plain[end:])
			if !finding.Joined(n) {
				return made, end
			}
			end += size
		case kind != 0:
			end++
		case strings.HasPrefix(p.plain[end:], "'t"): // don't
			end += 2
		default:
			return made, end
		}
		made |= kind
	}
	return made, end
}

// count notes how many words of one letter follow one another.
func (p *splitter) count(words []word) {
	for i := range words {
		if len(words[i].text) > 1 {
			p.letters = 0
			continue
		}
		p.letters++
		p.reading.letters = max(p.reading.letters, p.letters)
	}
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
		if finding.Unspaced(c) {
			end = max(r.words.longest(run), size)
		} else if i := indexUnspaced(run); i > 0 {
			end = i
		}
		w.text, run = run[:end], run[end:]
		words = append(words, w)
		w.comma = false // only the first piece stands behind it
	}
	return words
}

func indexUnspaced(s string) int {
	for i := range len(s) {
		if s[i] >= 0xE0 { // such scripts lie where UTF-8 needs three bytes
			return strings.IndexFunc(s, finding.Unspaced)
		}
	}
	return -1
}

// joinLetters puts words together that are spelled letter by letter: "i g n o r e".
func (r *reader) joinLetters(t *reading) {
	const least = 4
	if t.letters < least {
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
			for _, w := range old[i:n] {
				joined.kinds |= w.kinds
			}
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

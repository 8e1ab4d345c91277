package person

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// BeforeWords are words that lead to a name, with what they add to a single word's score.
var BeforeWords = func() map[string]float64 {
	m := map[string]float64{}
	for weight, words := range map[float64]string{
		0.75: `dear mr mrs ms miss dr prof herr herrn frau monsieur madame mme mlle señor señora don doña signor signora sr sra named sincerely
			geehrte geehrter geehrten liebe lieber estimado estimada querido querida cher chère caro cara gentile hi hello hey hallo hola bonjour ciao salut beste geachte`,
		0.5: `called contact regards cheers thanks attn signed yours warmly cordially gratefully respectfully faithfully fondly herzlichst hochachtungsvoll patient customer employee resident nurse teacher husband wife son daughter
			brother sister mother father mom dad uncle aunt friend colleague neighbor neighbour boss cousin girlfriend boyfriend fiancé partner spouse
			patiente kunde kundin mitarbeiter client cliente paciente heißt heiße appelle llamo chiamo am bin grüße grüßen gruß cordialement saludos atentamente
			actor actress singer author novelist poet physicist player striker goalkeeper midfielder coach lawyer suspect defendant plaintiff
			candidate senator analyst director founder ceo chairman engineer manager designer artist composer painter mathematician chemist biologist`,
		0.25: `by with from told asked tell ask met meet meets meeting and for to mit von bei an avec par de con por per saw see visited email called married hired
			thank remind invite between said call beat defeated against replaced succeeded interviewed emailed texted messaged when while because that if`,
	} {
		for _, w := range strings.Fields(words) {
			m[w] = weight
		}
	}
	return m
}()

// fieldNames are what members and columns that hold names are called.
var fieldNames = []string{"firstname", "lastname", "surname", "fullname", "givenname", "familyname", "middlename",
	"nachname", "vorname", "nombre", "apellido", "apellidos", "prénom", "nom", "nome", "cognome", "naam", "patient",
	"customer", "employee", "cardholder", "accountholder", "recipient", "sender", "attendee", "author", "assignee",
	"reporter", "contact", "contactperson", "applicant", "holder", "insured", "beneficiary", "witness", "signed", "attn",
	"from", "cc", "doctor", "physician", "user", "client", "passenger", "guest", "name"}

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

// ledBy is what the word w, with lead in front of it, adds to a word of flag f.
func ledBy(w, lead string, f nameFlag) float64 {
	switch {
	case w == "is" && (strings.HasSuffix(lead, "name ") || strings.HasSuffix(lead, "this ")),
		w == "ist" && strings.HasSuffix(lead, "name "),
		w == "est" && strings.HasSuffix(lead, "nom "), w == "es" && strings.HasSuffix(lead, "nombre "),
		w == "è" && strings.HasSuffix(lead, "nome "):
		return 0.75
	case w == "i'm" || w == "i’m" || w == "am" && strings.HasSuffix(lead, "i "):
		return 0.45
	case w == "am":
		return 0
	case w == "is" && (strings.HasSuffix(lead, "who ") || lead == "who "), w == "was" && strings.HasSuffix(lead, "who "),
		w == "about" && strings.HasSuffix(lead, "me "):
		return 0.65
	case takesPeople[w] && f&^(isShape) == 0:
		return 0.7
	}
	return BeforeWords[w]
}

var withoutMarks = strings.NewReplacer("_", "", "-", "", " ", "")

// field reads "first_name": " and Name: in front of a value.
func field(s string) float64 {
	t := strings.TrimRight(s, " \"'*[\t")
	if t == "" || t[len(t)-1] != ':' && t[len(t)-1] != '=' && t[len(t)-1] != '>' {
		return 0
	}
	t = strings.TrimRight(t[:len(t)-1], " \"'*")
	at := len(t)
	for at > 0 && (finding.IsWordByte(t[at-1]) || t[at-1] == '-' || t[at-1] == ' ' && len(t)-at < 12) {
		at--
	}
	key := strings.ToLower(withoutMarks.Replace(t[at:]))
	for _, no := range []string{"filename", "hostname", "domain", "username", "company", "product", "project", "branch",
		"table", "columnname", "filesystem", "classname", "typename", "brand", "display", "nickname"} {
		if strings.Contains(key, no) {
			return 0
		}
	}
	for _, f := range fieldNames {
		if strings.HasSuffix(key, f) {
			if len(f) <= 4 || f == "contact" || f == "author" {
				return 0.5
			}
			return 0.7
		}
	}
	return 0
}

// takesPeople are verbs whose object is hardly ever anything but a person, so that they vouch for a word that is in no
// list.
var takesPeople = finding.WordSet(
	`asked ask tell thank remind invite invited married marry hugged kissed emailed texted phoned interviewed introduced befriended divorced met`)

// behindWords are verbs that follow people and firms, personWords those that follow people only.
var (
	behindWords = finding.WordSet(`said says told asked added joined wrote writes replied explained lives lived works worked thinks believes born married died won
		scored resigned announced argued suggested insisted admitted denied claimed called emailed texted confirmed thanked agreed
		sagte sagt erklärte schrieb wohnt arbeitet dit déclaré habite travaille dijo vive trabaja detto abita zei woont loves likes wants
		smiled laughed nodded whispered shouted studied graduated founded invented directed starred sang`)
	personWords = finding.WordSet(
		`smiled laughed nodded whispered shouted shrugged sighed grinned cried studied graduated married sang starred lives lived died wohnt habite vive abita woont`)
	// owned are things that only people have.
	owned = finding.WordSet(`wife husband mother father mom dad son daughter brother sister parents family lawyer birthday phone ssn email appointment boyfriend girlfriend
		passport doctor childhood career friend friends house room salary resume cv grandmother grandfather uncle aunt cousin partner boss`)
)

// behind is what the words after a name add; a word that is in no list needs more than one that is.
func (c *personScan) behind(i int, f nameFlag) float64 {
	s := c.s[i:min(len(c.s), i+40)]
	unknown := f&(IsFirst|IsLast|isCommon|isAfter|isAmbiguous) == 0
	if aged(s) || strings.HasPrefix(s, " (born") || strings.HasPrefix(s, " (aged") || strings.HasPrefix(s, " (*") {
		return 0.4 + 0.3*finding.B2f(unknown)
	}
	if strings.HasPrefix(s, ", who ") || strings.HasPrefix(s, " who ") {
		return 0.3
	}
	if rest, ok := strings.CutPrefix(s, "'s "); ok || strings.HasPrefix(s, "’s ") {
		if !ok {
			rest = s[len("’s "):]
		}
		if owned[rest[:wordEnd(rest, 0)]] {
			return 0.3 + 0.3*finding.B2f(unknown)
		}
		return 0
	}
	if s == "" || s[0] != ' ' {
		return 0
	}
	verb := s[1 : 1+wordEnd(s[1:], 0)]
	switch {
	case unknown && (personWords[verb] || verb == "told" && strings.HasPrefix(s, " told reporters")):
		return 0.65
	case behindWords[verb]:
		return 0.2
	}
	return 0
}

// aged tells ", 43," and the years of a life in parentheses.
func aged(s string) bool {
	if strings.HasPrefix(s, ", ") && len(s) > 4 && finding.IsDigit(s[2]) && finding.IsDigit(s[3]) &&
		!finding.IsDigit(s[4]) {
		return len(s) == 5 || s[4] == ',' || s[4] == '.' || s[4] == ' '
	}
	if len(s) > 12 && strings.HasPrefix(s, " (1") && finding.IsDigit(s[3]) && finding.IsDigit(s[4]) &&
		finding.IsDigit(s[5]) {
		rest := strings.TrimLeft(s[6:], " -–")
		return len(rest) > 4 && rest != s[6:] && finding.IsDigit(rest[0]) && finding.IsDigit(rest[3]) && rest[4] == ')'
	}
	return false
}

// firms are firms, places and products that are named like people.
var firms = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range []string{"morgan stanley", "wells fargo", "goldman sachs", "merrill lynch", "lehman brothers",
		"mercedes benz", "mercedes-benz", "rolls royce", "rolls-royce",
		"harley davidson", "harley-davidson", "calvin klein", "louis vuitton", "ralph lauren", "hugo boss", "jack daniels",
		"johnnie walker", "jim beam", "ben jerry", "aston martin",
		"estee lauder", "marks spencer", "thomson reuters", "charles schwab", "john deere", "jp morgan", "j.p. morgan",
		"red hat", "general electric", "general motors", "burger king",
		"monte carlo", "monte cristo", "costa rica", "sierra leone", "saint petersburg", "st petersburg", "santa barbara",
		"santa clara", "santa cruz", "santa monica", "santa maria", "san marino",
		"west virginia", "north carolina", "south carolina", "baton rouge", "fort wayne", "madison square", "lincoln center",
		"victoria falls", "victoria station", "prince edward",
		"mona lisa", "virgin mary", "jesus christ", "santa claus", "uncle sam", "john doe v", "murphy's law", "monty python",
		"madame tussauds", "madame butterfly", "dow jones",
		"green bay", "black friday", "cyber monday", "good friday", "west bank", "hudson bay", "rio grande", "porto alegre",
		"puerto rico", "den haag", "kota kinabalu", "corpus christi", "boyer-moore", "aho-corasick", "hardy-weinberg",
		"mario kart", "super mario", "don quixote", "don quijote",
		"crewe alexandra", "nova scotia", "earl grey", "dr pepper", "paris saint-germain", "tommy hilfiger", "old trafford",
		"notre dame", "notre-dame", "la liga", "liga de campeones", "benito juarez", "marco polo", "el paso", "las vegas",
		"los angeles",
		"san francisco", "san diego", "san jose", "san antonio", "santa ana", "santo domingo", "tel aviv", "abu dhabi",
		"al jazeera", "al qaeda", "air france", "mount everest", "charles de gaulle", "john f. kennedy",
		"martin luther king day", "alice springs", "port elizabeth", "buenos aires", "belo horizonte", "villa nova"} {
		m[name] = true
	}
	return m
}()

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
	if e > 0 && tail != low && low[0] >= 'a' && low[0] <= 'z' {
		switch low[:e] {
		case "method", "law", "equation", "conjecture", "inequality", "paradox", "street", "airport", "university", "theorem",
			"algorithm", "county", "syndrome", "disease", "museum", "stadium",
			"calendar", "salad", "pizza", "sauce", "tea", "soup", "cake", "whisky", "jeans", "shoes", "administration",
			"esophagus", "lymphoma", "sign", "scale", "catheter",
			"virus", "fever", "tribe", "brand", "trilogy", "distribution", "transform", "filter", "codec":
			return true
		}
	}
	head := s[max(0, a-16):a]
	return strings.HasSuffix(head, " & ") || strings.HasSuffix(head, "University of ") ||
		strings.HasSuffix(head, "City of ") || strings.HasSuffix(head, "Church of ") || strings.HasSuffix(head, "Bank of ")
}

// lower finds names in lower case where the words before leave no doubt.
func (c *personScan) lower() {
	for _, lead := range []string{"ame is ", "ame's ", "call me ", "i'm ", "i am ", "this is "} {
		for from := 0; ; {
			k := strings.Index(c.s[from:], lead)
			if k < 0 {
				break
			}
			at := from + k + len(lead)
			from = at
			start, end, sure := at, at, false
			for range 3 {
				e := wordEnd(c.s, at)
				if e == at || upperAt(c.s, at) {
					break
				}
				f := c.names.flags(c.s[at:e])
				if f&(IsFirst|IsLast) == 0 || f&(isCommon) != 0 || !clean(f) && !sure {
					break
				}
				sure, end = true, e
				if e >= len(c.s) || c.s[e] != ' ' {
					break
				}
				at = e + 1
			}
			if sure && (lead[0] == 'a' || lead[0] == 'c' || strings.Contains(c.s[start:end], " ")) {
				c.out = append(c.out, finding.Finding{Kind: finding.KindPerson, Start: start, End: end, Score: 0.86})
			}
		}
	}
}

// eastern reads names in Chinese, Japanese and Korean script, which only a title or a lead shows. It gives the place to
// go on at.
func (c *personScan) eastern(i int) int {
	s := c.s
	for _, lead := range []string{"我叫", "我是", "姓名：", "姓名:", "名字是", "名前は", "氏名：", "氏名:", "이름은 ", "이름: "} {
		if strings.HasPrefix(s[i:], lead) {
			at := i + len(lead)
			e, n := at, 0
			for e < len(s) && n < 5 {
				r, size := utf8.DecodeRuneInString(s[e:])
				if !unicode.IsLetter(r) || strings.ContainsRune("，。、です입니의", r) {
					break
				}
				e += size
				n++
			}
			if n >= 2 {
				c.out = append(c.out, finding.Finding{Kind: finding.KindPerson, Start: at, End: e, Score: 0.85})
				return e
			}
		}
	}
	for _, title := range []string{"先生", "女士", "小姐", "さん", "様", "氏", "くん", "ちゃん", "씨", "님"} {
		if strings.HasPrefix(s[i:], title) && i > 0 {
			a, n := i, 0
			for a > 0 && n < 4 {
				r, size := utf8.DecodeLastRuneInString(s[:a])
				if !unicode.Is(unicode.Han, r) && !unicode.Is(unicode.Hangul, r) || strings.ContainsRune("是的和在请給给与與", r) {
					break
				}
				a -= size
				n++
			}
			if n >= 1 && n <= 4 && (n > 1 || title == "さん" || title == "様") {
				c.out = append(c.out, finding.Finding{Kind: finding.KindPerson, Start: a, End: i, Score: 0.82})
			}
			return i + len(title)
		}
	}
	_, size := utf8.DecodeRuneInString(s[i:])
	return i + size
}

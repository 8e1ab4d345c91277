package router

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// count gives the words of a text and an estimate of its tokens. Scripts that put no spaces between words count half a
// word and one token a sign; everything else is four bytes a token.
func count(s string) (words, tokens int) {
	dense, inWord := 0, false
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			space := c <= ' '
			if !space && !inWord {
				words++
			}
			inWord = !space
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i += size
		switch {
		case isDense(r):
			dense++
			inWord = false
		case unicode.IsSpace(r):
			inWord = false
		case !inWord:
			words++
			inWord = true
		}
	}
	const bytesOfDense = 3
	rest := max(0, len(s)-bytesOfDense*dense)
	return words + (dense+1)/2, (rest+3)/4 + dense
}

// isDense tells signs of scripts without spaces between words: Chinese, Japanese, Korean syllables count as such too,
// Thai, Lao, Khmer.
func isDense(r rune) bool {
	switch {
	case r < 0x0E00:
		return false
	case r < 0x0F00: // Thai, Lao
		return true
	case r >= 0x1780 && r < 0x1800: // Khmer
		return true
	}
	return r >= 0x2E80 && r < 0xA000 && r != 0x3000 || r >= 0xAC00 && r < 0xD7A4 || r >= 0xF900 && r < 0xFB00 ||
		r >= 0x20000 && r < 0x32000
}

// isCode tells whether a text holds code, or asks for some.
func isCode(s string) bool {
	if strings.Contains(s, "```") {
		return true
	}
	signs := 0
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if signs += codeSigns(line); signs >= 2 {
			return true
		}
	}
	return codeLanguages.in(s) && codeThings.in(s)
}

// codeSigns counts what is usual in a line of code and rare in one of prose.
func codeSigns(line string) int {
	n := 0
	switch line[len(line)-1] {
	case ';', '{', '}':
		n++
	case ':':
		for _, start := range [...]string{"def ", "class ", "for ", "if ", "while ", "else", "try", "except", "with "} {
			if strings.HasPrefix(line, start) && strings.ContainsAny(line, "()=_<>[]") {
				n += 2
				break
			}
		}
	}
	for _, start := range [...]string{"#include", "import ", "from ", "func ", "fn ", "public ", "private ",
		"package ", "const ", "let ", "var ", "return ", "SELECT ", "INSERT ", "UPDATE ", "CREATE TABLE", "#!/", "<?php",
		"<!DOCTYPE", "$ "} {
		if strings.HasPrefix(line, start) {
			n++
			break
		}
	}
	for _, sign := range [...]string{"();", "):", "=> ", "->", "==", "!=", "&&", "||", "::", "</", "/>", ":=", "+=",
		"std::", "console.log", "print(", "self.", " = new ", "${", "[i]", "!(", "}}"} {
		if strings.Contains(line, sign) {
			n++
		}
	}
	return n
}

var (
	codeLanguages = newWordSet("python", "javascript", "typescript", "java", "golang", "rust", "c++", "c#", "kotlin",
		"swift", "php", "ruby", "scala", "perl", "haskell", "sql", "mysql", "postgres",
		"bash", "shell", "powershell", "html", "css", "react", "node.js", "django", "regex", "dockerfile", "kubernetes",
		"terraform", "matlab", "numpy", "pandas", "api", "json", "yaml", "go")
	codeThings = newWordSet("code", "function", "functions", "script", "program", "class", "method", "query", "bug",
		"debug", "compile", "compiler", "implement", "implementation", "refactor",
		"algorithm", "snippet", "stack trace", "traceback", "exception", "unit test", "unit tests", "endpoint", "library",
		"module", "regex", "parser", "loop", "array", "recursion", "async")
	mathWords = newWordSet("equation", "equations", "integral", "integrate", "derivative", "differentiate", "theorem",
		"lemma", "polynomial", "matrix", "matrices", "eigenvalue", "eigenvalues", "determinant",
		"logarithm", "probability", "calculate", "compute", "solve", "solve for", "prove", "proof", "sum", "product",
		"fraction", "percent", "percentage", "ratio", "average", "median", "variance", "algebra",
		"geometry", "triangle", "circle", "radius", "perimeter", "area", "volume", "hypotenuse", "square root", "prime",
		"divisible", "remainder", "modulo", "factorial", "permutations", "combinations",
		"how many", "how much", "in total", "times as many", "twice as", "half of", "each")
)

// isMath tells whether a text is about mathematics: formulas, or figures along with words of the trade.
func isMath(s string) bool {
	for _, sign := range [...]string{`\frac`, `\sum`, `\int`, `\sqrt`, `\begin{`, `\(`, `\[`, "$$", "√", "∑", "∫", "≤",
		"≥", "≠", "∈", "∞", "π", "²", "³"} {
		if strings.Contains(s, sign) {
			return true
		}
	}
	figures, formula := figuresIn(s)
	return formula && !isCode(s) || figures >= 2 && mathWords.in(s) || figures >= 1 && mathWords.count(s, 2) >= 2
}

// figuresIn counts numbers, and finds a formula: a sign of arithmetic between operands of which one is a figure.
func figuresIn(s string) (figures int, formula bool) {
	last := byte(' ') // the last byte that is not a space
	sign := false     // an operator stands between last and here
	for i := 0; i < len(s); i++ {
		c := s[i]
		digit := c >= '0' && c <= '9'
		switch {
		case c == ' ' || c == '\t':
			continue
		case digit:
			if i == 0 || !strings.ContainsRune("0123456789.,", rune(s[i-1])) {
				figures++
			}
			formula = formula || sign && operand(last)
			sign = false
		case c == '=' || c == '+' || c == '*' || c == '^' || c == '/' && digitAround(s, i):
			sign = operand(last)
			if sign {
				continue
			}
		default:
			sign = false
		}
		last = c
	}
	return figures, formula
}

func operand(c byte) bool {
	return c >= '0' && c <= '9' || c == ')' || c == 'x' || c == 'y' || c == 'n'
}

func digitAround(s string, i int) bool {
	return i > 0 && i+1 < len(s) && (s[i-1] == ' ' || s[i-1] == ')') && (s[i+1] == ' ' || s[i+1] == '(')
}

package form

import (
	"slices"
	"strings"

	"outcrop/policy/finding"
)

// longestAuthority bounds what is read of the user, password and host of an address.
const longestAuthority = 512

// userinfo looks at the password of a connection URL whose scheme ends at the colon at i:
// postgres://user:password@host. Only the password is secret, so that the text still tells who connects to what. at is
// where the host begins, 0 when there is no password.
func userinfo(s string, i int) (a, b, at int) {
	from := i + len("://")
	if from >= len(s) {
		return 0, 0, 0
	}
	colon, sign := 0, 0
scan:
	for k := from; k < len(s) && k-from < longestAuthority; k++ {
		switch c := s[k]; {
		case c == ':' && colon == 0:
			colon = k
		case c == '@':
			sign = k // a password may hold one, a host cannot
		case c == '/' || c == '?' || c <= ' ' || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' || c == '|':
			break scan
		}
	}
	if colon == 0 || sign <= colon+1 || sign+1 >= len(s) ||
		!finding.IsWordByte(s[sign+1]) && strings.IndexByte("[${", s[sign+1]) < 0 {
		return 0, 0, 0
	}
	if value := s[colon+1 : sign]; variable(value) || template(s[from:colon], value, s[sign+1:]) {
		return 0, 0, 0
	}
	return colon + 1, sign, sign + 1
}

// variable tells what only stands for a password: a variable, a mask, a word in capitals such as PASSWORD.
func variable(v string) bool {
	switch v[0] {
	case '$', '<', '{', '[', '%':
		if v[0] != '%' || len(v) < 3 || !finding.IsHex(v[1]) || !finding.IsHex(v[2]) { // %40 is a byte of a password
			return true
		}
	}
	for _, mask := range []string{"*", "x", "X", ".", "•"} {
		if strings.Trim(v, mask) == "" {
			return true
		}
	}
	return v == strings.ToUpper(v) && meansPassword(v)
}

// template tells the form of an address from an address: user:password@host. A word alone tells nothing, for people do
// choose "password" for one.
func template(user, password, host string) bool {
	if user != "" && !slices.Contains(formUsers, strings.ToLower(user)) {
		return false
	}
	e := 0
	for e < len(host) && finding.IsWordByte(host[e]) {
		e++
	}
	return slices.Contains(formHosts, strings.ToLower(host[:e])) && meansPassword(password)
}

// blanks are how such words end; formUsers and formHosts are what stands around them.
var (
	blanks    = column(secretsFile, "blank")
	formUsers = column(secretsFile, "user")
	formHosts = column(secretsFile, "host")
)

// meansPassword tells the words that stand where a password goes: PASSWORD, YOUR_DB_PASS.
func meansPassword(v string) bool {
	low := strings.ToLower(v)
	for _, end := range blanks {
		if strings.HasSuffix(low, end) {
			return true
		}
	}
	return false
}

// program takes a password on the command line, behind one of its flags; where pair is set, behind a user and a colon.
type program struct {
	name  string
	flags []string
	pair  bool
}

var programs = func() (list []program) {
	for row := range rows(secretsFile, "command") {
		list = append(list, program{row[0], row[2:], row[1] == "pair"})
	}
	return list
}()

// command looks at a flag of the command line that begins at the hyphen at i: curl -u user:password.
func (p *Patterns) command(s string, i int, out []finding.Finding) []finding.Finding {
	if s[i] != '-' || i == 0 || s[i-1] != ' ' && s[i-1] != '\t' && s[i-1] != '\n' {
		return out
	}
	end := i
	for end < len(s) && end-i < 20 && (finding.IsAlpha(s[end]) || s[end] == '-') {
		end++
	}
	if end-i < 2 {
		return out
	}
	line, read := "", false
	for k := range programs {
		row := &programs[k]
		for _, flag := range row.flags {
			from, ok := flagValue(s, i, end, flag)
			if !ok {
				continue
			}
			a, b := argument(s, from)
			if row.pair {
				colon := strings.IndexByte(s[a:b], ':')
				if colon < 0 {
					continue
				}
				a += colon + 1
			}
			if b-a < 2 || variable(s[a:b]) {
				continue
			}
			if !read {
				line, read = commandLine(s, i), true
			}
			if runs(line, row.name) {
				return append(out, finding.Finding{Kind: finding.KindSecret, Start: a, End: b, Score: 0.95})
			}
		}
	}
	return out
}

// flagValue is where the value of a flag begins, when the flag stands in s[i:end].
func flagValue(s string, i, end int, flag string) (int, bool) {
	word := s[i:end]
	if word == flag && end < len(s) && (s[end] == ' ' || s[end] == '=') {
		return end + 1, true
	}
	if len(flag) != 2 || word[1] == '-' {
		return 0, false
	}
	// -su user:password, -uuser:password
	if k := strings.IndexByte(word[1:], flag[1]); k >= 0 && k < 5 {
		if at := i + 1 + k + 1; at < end || at < len(s) && s[at] != ' ' {
			return at, true
		}
		return end + 1, end < len(s)
	}
	return 0, false
}

// argument is where the argument of a command stands that begins at or behind from, without its quotation marks.
func argument(s string, from int) (a, b int) {
	for from < len(s) && s[from] == ' ' {
		from++
	}
	if from >= len(s) {
		return from, from
	}
	if q := s[from]; q == '"' || q == '\'' {
		if e := strings.IndexByte(s[from+1:min(len(s), from+1+longestAuthority)], q); e >= 0 {
			return from + 1, from + 1 + e
		}
		from++
	}
	b = from
	for b < len(s) && b-from < longestAuthority && s[b] > ' ' && strings.IndexByte("\"'`|;<>\\", s[b]) < 0 {
		b++
	}
	return from, b
}

// commandLine is what stands between the flag at i and the beginning of its command: a line, a pipe, a semicolon or two
// ampersands.
func commandLine(s string, i int) string {
	line := s[max(0, i-longestAuthority):i]
	for at := len(line) - 1; at >= 0; at-- {
		c := line[at]
		if c == '|' || c == ';' || c == '&' && at > 0 && line[at-1] == '&' ||
			c == '\n' && (at == 0 || line[at-1] != '\\' && line[at-1] != '\r') {
			return line[at+1:]
		}
	}
	return line
}

// runs tells that a program stands in a line as a word of its own, maybe with its folder.
func runs(line, program string) bool {
	for {
		at := strings.Index(line, program)
		if at < 0 {
			return false
		}
		end := at + len(program)
		if (at == 0 || strings.IndexByte(" \t\n/`($\"'", line[at-1]) >= 0) && (end == len(line) || line[end] <= ' ') {
			return true
		}
		line = line[end:]
	}
}

package converse

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"strings"
)

// names translates tool names where the alphabet or length of Bedrock, or of the model, forbids the client's
// (R-TOOL-02). The maps are made only when a request has such a name.
type names struct {
	words   bool              // the model takes no hyphens
	forward map[string]string // client's → Bedrock's
	taken   map[string]bool   // Bedrock's
}

// assign gives every name of the request its name at Bedrock: valid ones keep theirs, then come the declared ones in
// order, then those in history.
func (n *names) assign(c *pass) {
	every := func(yield func(string) bool) {
		for i := range c.tools {
			if !yield(c.tools[i].Name) {
				return
			}
		}
		historyNames(c.req.Turns)(yield)
	}
	n.words = c.caps.ToolNamePattern == "word"
	odd := false
	for name := range every {
		odd = odd || !n.valid(name)
	}
	if !odd {
		return
	}
	n.forward, n.taken = map[string]string{}, map[string]bool{}
	for name := range every {
		if n.valid(name) {
			n.taken[name] = true
		}
	}
	for name := range every {
		if _, done := n.forward[name]; !done && !n.valid(name) {
			n.forward[name] = n.free(name)
		}
	}
	c.out.Names = make(map[string]string, len(n.forward))
	for client, bedrock := range n.forward {
		c.out.Names[bedrock] = client
	}
}

// free finds the name at Bedrock for one that is not valid there.
func (n *names) free(name string) string {
	fit := n.sanitise(name)
	if len(fit) > longestName || n.taken[fit] {
		sum := sha256.Sum256([]byte(name))
		fit = fit[:min(len(fit), 55)] + "_" + hex.EncodeToString(sum[:4])
	}
	n.taken[fit] = true
	return fit
}

// bedrock is the name to send.
func (n *names) bedrock(name string) string {
	if fit, ok := n.forward[name]; ok {
		return fit
	}
	return name
}

const longestName = 64

// ValidName tells whether Bedrock takes a name for a tool, or for a format.
func ValidName(s string) bool {
	if s == "" || len(s) > longestName {
		return false
	}
	for i := range len(s) {
		if !nameByte(s[i]) {
			return false
		}
	}
	return true
}

// valid tells whether a name can be sent as it is.
func (n *names) valid(s string) bool { return ValidName(s) && (!n.words || !strings.Contains(s, "-")) }

func nameByte(b byte) bool { return letterOrDigit(b) || b == '_' || b == '-' }

// sanitise writes an underscore for each character outside the alphabet.
func (n *names) sanitise(name string) string {
	if name == "" {
		return "unnamed_tool"
	}
	b := make([]byte, 0, len(name))
	for _, r := range name {
		if r < 0x80 && nameByte(byte(r)) && (!n.words || r != '-') {
			b = append(b, byte(r))
		} else {
			b = append(b, '_')
		}
	}
	return string(b)
}

// historyNames yields the tool names of all calls in history, in order and with repetitions.
func historyNames(turns []Turn) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range turns {
			for j := range turns[i].Blocks {
				if c := turns[i].Blocks[j].Call; c != nil && !yield(c.Name) {
					return
				}
			}
		}
	}
}

func letterOrDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

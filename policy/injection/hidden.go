package injection

import (
	"context"
	"unicode"
	"unicode/utf8"

	"outcrop/policy/finding"
)

// The kinds of characters that a reader does not see and a model does.
type invisibility int

const (
	visible      invisibility = iota
	zeroWidth                 // no width inside words
	tagCharacter              // a shadow alphabet that no font draws, and variation selectors, which can spell bytes
	bidiControl               // shows text in another order than it is read in
	joiner                    // of emoji and of Indic and Persian words
	selector                  // of an emoji's form
)

// invisibles are the characters of each kind, in order.
var invisibles = []struct {
	from, to rune
	kind     invisibility
}{
	{0xAD, 0xAD, zeroWidth}, {0x34F, 0x34F, zeroWidth}, {0x180E, 0x180E, zeroWidth}, {0x200B, 0x200B, zeroWidth},
	{0x200C, 0x200D, joiner}, {0x202A, 0x202E, bidiControl}, {0x2060, 0x2064, zeroWidth}, {0x2066, 0x2069, bidiControl},
	{0x3164, 0x3164, zeroWidth}, {0xFE00, 0xFE0F, selector}, {0xFEFF, 0xFEFF, zeroWidth},
	{0xE0000, 0xE01EF, tagCharacter},
}

func invisible(c rune) invisibility {
	for i := 0; i < len(invisibles) && c >= invisibles[i].from; i++ {
		if c <= invisibles[i].to {
			return invisibles[i].kind
		}
	}
	return visible
}

// HiddenText is the detector of characters that hide text: tag characters (a shadow alphabet), bidirectional overrides,
// and characters without width inside words. Ordinary uses are no findings: flags and emoji, soft hyphens and byte
// order marks now and then, directions in Arabic and Hebrew text.
type HiddenText struct{}

// Name is "hidden".
func (HiddenText) Name() string { return "hidden" }

// Settled holds nothing back but the last word: hidden characters stand inside of one.
func (HiddenText) Settled(text string, from int) int { return finding.WordStart(text, len(text), from) }

// Detect reports each run of hidden characters, with scores from 0.5 (may be a typographer's) to 0.95 (tag characters).
func (HiddenText) Detect(_ context.Context, _ finding.Direction, texts []finding.Text) ([]finding.Finding, error) {
	var found []finding.Finding
	for i := range texts {
		found = hiddenRuns(found, i, texts[i].Value)
	}
	return found, nil
}

// leastZeroWidth is how many characters without width a text may have before they count as hiding something.
const leastZeroWidth = 3

func hiddenRuns(found []finding.Finding, index int, text string) []finding.Finding {
	begin, widthless := len(found), 0
	var before rune
	rightToLeft := false
	for at := 0; at < len(text); {
		if text[at] < utf8.RuneSelf {
			before = rune(text[at])
			at++
			continue
		}
		c, size := utf8.DecodeRuneInString(text[at:])
		kind := invisible(c)
		if kind == visible || kind == joiner || kind == selector {
			rightToLeft = rightToLeft || unicode.In(c, unicode.Arabic, unicode.Hebrew)
			before, at = c, at+size
			continue
		}
		end, n := at, 0
		for end < len(text) {
			next, size := utf8.DecodeRuneInString(text[end:])
			if invisible(next) != kind {
				break
			}
			end, n = end+size, n+1
		}
		if kind == zeroWidth {
			widthless += n
		}
		if score := hiddenScore(kind, c, n, before); score > 0 {
			found = append(found, finding.Finding{Text: index, Kind: finding.KindHidden, Start: at, End: end, Score: score})
		}
		at = end
	}
	return plausible(found, begin, rightToLeft, widthless)
}

// hiddenScore is what a run of n hidden characters counts that begins with c and stands behind another character.
func hiddenScore(kind invisibility, c rune, n int, before rune) float64 {
	const blackFlag = 0x1F3F4 // a flag of a region is spelled in tag characters behind it
	switch {
	case kind == tagCharacter && (before == blackFlag && n <= 8 || n == 1 && c >= 0xE0100):
		return 0
	case kind == tagCharacter:
		return 0.95
	case kind == bidiControl && (c == 0x202D || c == 0x202E):
		return 0.9
	}
	return 0.5
}

// plausible drops what hides nothing: a few characters without width, and directions where letters run from right to
// left.
func plausible(found []finding.Finding, begin int, rightToLeft bool, widthless int) []finding.Finding {
	if widthless >= leastZeroWidth && !rightToLeft {
		return found
	}
	kept := found[:begin]
	for _, f := range found[begin:] {
		if f.Score > 0.5 {
			kept = append(kept, f)
		}
	}
	return kept
}

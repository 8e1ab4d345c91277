package person

import (
	"strings"

	"outcrop/policy/finding"
)

// concepts are the things that bear the names of those who found them: a Turing machine, a Hilbert space. Behind a
// surname that stands alone such a word says that the thing is meant.
var concepts = finding.WordSet(`machine chain process property model space basis curve matrix sequence number series filter smoother transform coefficient
	distance algorithm integral derivative measure diagram triangulation tessellation effect shift expansion polynomial trial distribution equilibrium
	simulation coding code tree tower equation function inequality theorem lemma conjecture hypothesis principle rule criterion constant scale unit
	disease syndrome sign stain dish score index coefficient correlation kappa prior sampler cipher cage coil engine cycle boson particle radiation
	force field law paradox problem identity formula set fractal triangle angle multiplier operator norm bound group ring algebra manifold bundle
	metric geometry line point front heap sort search tensor kernel network automaton grammar complete completeness reduction
	test plot chart graph method iteration scheme decomposition elimination factorization determinant decision oscillator pendulum bridge circle
	sphere cone plane surface lattice orbital potential energy statistics window smoothing regression classifier loss entropy divergence information
	class lens prism telescope clock calendar bottle strip experiment notation arithmetic logic calculus sum product quotient quadrature rank
	wave limit radius length temperature pressure tube lamp cell battery reaction synthesis paradigm architecture reflex thesis game puzzle optimizer belt comet complexity modulus medal prize`)

// acts are those concepts that are also verbs, so that a person may do them: Miller set the table.
var acts = finding.WordSet(
	`set test process sort search force sign stain field shift score model filter transform rank bound plot bridge limit sum game measure scale`)

// eponym tells that the single word from a to b names a thing behind it, or stands behind an "a" as things do.
func (c *personScan) eponym(a, b int, f nameFlag) bool {
	s := c.s
	rest := s[b:]
	if r, size := dash(rest); r { // Cauchy–Schwarz inequality
		rest = rest[size+wordEnd(rest[size:], 0):]
	}
	if !strings.HasPrefix(rest, " ") {
		return false
	}
	rest = rest[1:]
	end := wordEnd(rest, 0)
	noun := strings.ToLower(rest[:end])
	led, one := c.article(a)
	thing := noun
	if !concepts[thing] {
		thing = strings.TrimSuffix(noun, "s")
	}
	if !concepts[thing] {
		// "a Picasso painting": things, unless what follows says what people do.
		return one && noun != "" && rest[0] >= 'a' && rest[0] <= 'z' && f&IsFirst == 0 && !behindWords[noun] &&
			!smallVerbs[noun]
	}
	switch {
	case led:
		return true
	case acts[thing]:
		return (f&IsFirst == 0 || f&IsLast != 0) && !objects[nextWord(rest[end:])]
	}
	return f&IsFirst == 0 || f&IsLast != 0 || thing != noun
}

// objects begin what somebody does something to: "Miller sets the table".
var objects = finding.WordSet(
	`the a an his her its their my our your this that these those all it them him us me you up off out down aside one two three both some any every new`)

// nextWord is the word behind one space, in small letters.
func nextWord(s string) string {
	rest, ok := strings.CutPrefix(s, " ")
	if !ok {
		return ""
	}
	return strings.ToLower(rest[:wordEnd(rest, 0)])
}

// smallVerbs follow people and things alike.
var smallVerbs = finding.WordSet(
	`is was has had will would can could may might must does did and or who whom whose of in on at for from to with by as but that if when`)

// dash tells that s begins with a dash longer than a hyphen, and how many bytes it has.
func dash(s string) (bool, int) {
	return strings.HasPrefix(s, "–"), len("–")
}

// article tells that an article or a word of its kind leads to the word at a, and whether it is "a" or "an".
func (c *personScan) article(a int) (found, one bool) {
	head := c.s[max(0, a-8):a]
	if !strings.HasSuffix(head, " ") {
		return false, false
	}
	head = strings.TrimSuffix(head, " ")
	switch strings.ToLower(head[strings.LastIndexAny(head, " \n\"'(*_")+1:]) {
	case "a", "an":
		return true, true
	case "the", "this", "that", "every", "each", "some", "any", "no", "which", "what", "its", "one", "two", "all", "of",
		"via", "using":
		return true, false
	}
	return false, false
}

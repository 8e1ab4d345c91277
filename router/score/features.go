package score

import "math"

// What is counted in read.go becomes features here. The constants come from reasoning about what makes a question
// hard for a small model and not for a large one (docs/scoring.md); where a feature is half reached is about where a
// usual text has it.

// features are the values of a text, or the weights of them.
type features [numFeatures]float64

const (
	fLength = iota
	fClauses
	fQuantities
	fRelations
	fChanges
	fUnits
	fMaths
	fCalculation
	fCode
	fLogic
	fStatements
	fNumeric
	fNegation
	fCases
	fDemands
	fFormats
	fCreative
	fExposition
	fPassage
	fSmalltalk

	numFeatures
)

var featureNames = [numFeatures]string{
	fLength: "length", fClauses: "clauses", fQuantities: "quantities", fRelations: "relations", fChanges: "changes",
	fUnits: "units",
	fMaths: "maths", fCalculation: "calculation", fCode: "code", fLogic: "logic", fStatements: "statements",
	fNumeric:  "numeric",
	fNegation: "negation", fCases: "cases", fDemands: "demands", fFormats: "formats", fCreative: "creative",
	fExposition: "exposition", fPassage: "passage", fSmalltalk: "smalltalk",
}

// features weighs the counts. Every curve rises without steps, so that two texts rarely get the same score: a tie
// orders nothing.
func (r *reading) features() features {
	// Options repeat the kind of number that the question is about.
	numbers := r.numbers - 0.5*r.optionNumbers + 0.6*r.of(wNumber) + 0.5*r.heavy + 0.7*r.asked
	// One number alone is no arithmetic.
	quantities := numbers * numbers / (numbers + 1.5)
	// In a text full of numbers, words that elsewhere name a task are likely part of the story: "Ann writes 3 letters".
	worded := 4 / (4 + numbers)
	programs := r.of(wCode)*worded + 1.5*r.fences + 0.4*r.punctuation
	programs += 0.7 * r.of(wCodeToo) * worded * share(programs+0.15*r.of(wCodeToo)*worded, 1)
	// Operators and variables are the notation of mathematics only where the text is not a program.
	notation := (0.7*r.operators + 0.5*r.variables) * 2 / (2 + programs)
	// A term of mathematics alone may be of an essay; with numbers, formulas or a proof it is of a task.
	task := share(numbers+notation+r.of(wProof)+r.statements, 1)
	maths := (0.8+0.7*task)*r.of(wMaths) + 2*r.of(wProof) + notation
	maths += 0.8 * r.of(wMathsToo) * share(maths+0.2*r.of(wMathsToo), 2)
	// Who asks to explain a term does not ask to work with it.
	maths *= 2 / (2 + r.opening[wExposition])
	programs *= 3 / (3 + r.opening[wExposition])
	// "Write a story" asks for one; a story alone is mentioned.
	asked := r.opening[wCreative] + 0.7*r.opening[wWrite]*2/(2+programs+maths)
	writing := asked + r.of(wCreative)*(0.3+asked)/(1+asked)
	cases := r.of(wCase)

	var f features
	f[fLength] = math.Log1p(r.words+r.bytes/30) / 7
	f[fClauses] = share(r.commas+0.7*r.of(wConjunction)+0.5*r.of(wLogic), 12)
	f[fQuantities] = math.Log1p(quantities) / 3
	f[fRelations] = share(r.of(wRelation)+0.7*r.of(wRate)+0.5*r.shares, 3)
	f[fChanges] = share(r.of(wChange), 4)
	f[fUnits] = share(r.of(wUnit)+r.money, 5)
	f[fMaths] = share(maths, 1.5)
	f[fCalculation] = share(r.of(wScience), 2) * share(numbers+r.operators, 2)
	f[fCode] = share(programs, 1)
	f[fLogic] = share((r.of(wLogic)+2*r.of(wPuzzle)*worded)*40/(40+r.words), 2.5)
	f[fStatements] = share(r.statements, 1)
	f[fNumeric] = share(r.optionNumbers, 3)
	f[fNegation] = share(2*r.shouted+r.of(wNegation), 2)
	f[fCases] = share(cases, 3) * share(r.words, 30)
	f[fDemands] = share(r.of(wDemand)+r.of(wProof), 2) * worded
	f[fFormats] = share(r.of(wFormat), 2) * worded
	f[fCreative] = share(writing, 1.2) * share(r.words, 25) * worded
	f[fExposition] = share(r.of(wExposition)+r.opening[wExposition], 3) * worded
	f[fPassage] = share(r.of(wSource)+0.5*r.years+0.5*r.quotes, 1.5) * share(r.words, 40) * 3 / (3 + cases)
	f[fSmalltalk] = share(r.of(wSmalltalk), 0.5) * 6 / (6 + r.words)
	return f
}

// share goes from 0 to 1 as x grows, and is a half at the given place.
func share(x, half float64) float64 { return x / (x + half) }

func (r *reading) of(k wordKind) float64 { return float64(r.kinds[k]) }

// isSmalltalk tells whether a turn is thanks or a greeting and nothing more.
func (r *reading) isSmalltalk() bool {
	return r.of(wSmalltalk) > 0 && r.words < 8 && r.questions == 0 && r.numbers == 0 &&
		r.of(wDemand)+r.of(wCode)+r.of(wReference) == 0
}

// follows tells how much of what was asked before a turn still asks, 0 to 1.
func (r *reading) follows() float64 {
	return (0.6 + 0.35*share(r.of(wReference), 0.5)) * math.Exp(-r.words/80)
}

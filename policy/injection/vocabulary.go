package injection

import (
	_ "embed"

	"outcrop/internal/wordlist"
)

var (
	//go:embed vocabulary.txt
	vocabularyFile string
	//go:embed lists.txt
	listFile string
	lists    = wordlist.Parse(listFile)
)

// classNames are the names of the classes in vocabulary.txt.
var classNames = map[string]class{
	"override": wOverride, "drop": wDrop, "bypass": wBypass, "prior": wPrior, "before": wBefore, "start": wStart,
	"all": wAll, "things": wThings, "target": wTarget, "prompt": wPrompt, "system": wSystem, "text": wText,
	"data": wData, "task": wTask, "job": wJob, "new": wNew, "real": wReal, "change": wChange, "now": wNow,
	"instead": wInstead, "end": wEnd, "thanks": wThanks, "show": wShow, "reveal": wReveal, "tell": wTell, "say": wSay,
	"given": wGiven, "stood": wStood, "forgot": wForgot, "exact": wExact, "secret": wSecret, "you": wYou,
	"self": wSelf, "me": wMe, "my": wMy, "this": wThis, "user": wUser, "model": wModel, "act": wAct, "be": wBe,
	"as": wAs, "role": wRole, "free": wFree, "not": wNot, "limit": wLimit, "mode": wMode, "mode kind": wModeKind,
	"jailbreak": wJailbreak, "hate": wHate, "only": wOnly, "important": wImportant, "opinion": wOpinion,
	"follow": wFollow, "do": wDo, "send": wSend, "must": wMust, "want": wWant, "ask": wAsk, "lead": wLead,
	"greet": wGreet, "talk": wTalk, "fill": wFill, "read": wRead,
}

package injection

// injectionRule is one way in which texts try to take a model over: words of certain classes near one another, in
// order.
type injectionRule struct {
	name   string  // several rules of one name count once, with the heaviest
	weight float64 // of the order itself, 0 to 1
	how    manner
	steps  []step
}

// step is one word of a rule: of one of these classes, with at most gap words that count between it and the one before.
type step struct {
	class class
	gap   int
}

// manner is how a rule is read.
type manner uint8

const (
	order  manner = 1 << iota // counts in full only where an order may begin, else by a third
	ask                       // also counts in full as a question
	onward                    // may run into the next clause: "forget it: everything above"
	last                      // nothing of weight follows in the clause
	own                       // also about what is the speaker's: "before my message"
)

// promptLeak is the name of the rules about getting at the prompt.
const promptLeak = "prompt leak"

// injectionRules is the table. Weights are chosen so that an open order to drop what governs the model is enough by
// itself (the threshold is 0.8), and what only sounds like one is not.
var injectionRules = []injectionRule{
	// Dropping what came before.
	{"override", 0.9, order | onward, []step{{wOverride, 0}, {wPrior | wAll, 3}, {wTarget | wText, 3}}},
	{"override", 0.9, order, []step{{wOverride, 0}, {wTarget, 2}, {wPrior | wBefore | wGiven, 2}}},
	{"override", 0.85, order, []step{{wOverride, 0}, {wText | wData | wTask, 2}, {wPrior | wBefore, 2}}},
	{"override", 0.85, order | onward, []step{{wOverride, 0}, {wAll | wThings, 3}, {wPrior | wBefore | wStood, 3}}},
	{"override", 0.85, order, []step{{wOverride, 0}, {wStood, 3}, {wPrior | wBefore, 2}}},
	{"override", 0.85, order, []step{{wOverride, 0}, {wPrior | wBefore, 2}, {wStood, 3}}},
	{"override", 0.85, order, []step{{wDrop, 0}, {wPrior | wAll | wSelf, 2}, {wTarget, 2}}},
	{"override", 0.85, order, []step{{wOverride | wDrop, 0}, {wSelf, 2}, {wTarget | wTask | wRole, 3}}},
	{"override", 0.9, 0, []step{{wPrior | wAll, 0}, {wTarget | wText, 3}, {wOverride, 4}}},
	{"override", 0.75, 0, []step{{wTarget, 0}, {wPrior, 3}, {wOverride, 4}}},
	{"override", 0.75, 0, []step{{wSelf, 0}, {wTarget, 2}, {wOverride, 3}}},
	{"override", 0.8, order, []step{{wOverride, 0}, {wAll | wThings, 3}, {wYou, 3}}},
	{"override", 0.65, order, []step{{wOverride, 0}, {wYou, 2}, {wBe | wMust, 2}}},
	{"override", 0.7, order | onward, []step{{wOverride, 0}, {wJob | wText | wData, 2}, {wSay | wReveal, 3}}},
	{"override", 0.82, order, []step{{wOverride, 0}, {wTarget, 2}}},
	{"override", 0.82, order, []step{{wOverride, 0}, {wAll | wPrior, 1}, {wTask | wRole, 1}}},
	{"override", 0.7, order, []step{{wOverride, 0}, {wTask | wJob | wRole, 2}}},
	{"override", 0.8, order | last, []step{{wSystem, 0}, {wBypass, 0}}},
	{"override", 0.5, order, []step{{wDrop, 0}, {wText | wData | wTarget | wRole, 2}}},
	{"override", 0.85, order | onward, []step{{wOverride, 0}, {wThings, 0}, {wSay | wReveal | wLead, 2},
		{wSay | wReveal | wTell | wAct, 1}}},
	{"override", 0.7, order, []step{{wOverride, 0}, {wThings, 1}}},
	{"override", 0.5, order, []step{{wOverride, 0}, {wAll, 0}}},
	{"override", 0.5, order, []step{{wOverride, 0}, {wPrior | wBefore, 3}}},
	{"override", 0.5, order, []step{{wOverride, 0}, {wData | wText | wUser, 2}}},
	{"override", 0.4, order | last, []step{{wOverride, 0}, {wThis, 1}}},
	{"override", 0.85, order, []step{{wNot, 0}, {wFollow, 3}, {wPrior | wAll | wSystem | wSelf, 3}, {wTarget, 3}}},
	{"override", 0.85, 0, []step{{wNot, 0}, {wFollow, 3}, {wTarget, 3}, {wPrior | wGiven, 4}}},
	{"override", 0.85, order, []step{{wNot, 0}, {wFollow, 1}, {wStood | wGiven | wTell, 4}, {wPrior | wBefore | wYou, 3}}},
	{"override", 0.85, order, []step{{wFollow, 0}, {wNot, 2}, {wSelf | wPrior | wAll | wStood, 4},
		{wTarget | wStood | wYou, 2}}},
	{"override", 0.8, order, []step{{wFollow, 0}, {wPrior | wAll | wSelf, 2}, {wTarget, 2}, {wNot, 2}}},
	{"override", 0.85, 0, []step{{wYou, 0}, {wNot, 4}, {wFollow, 3}, {wSelf | wAll, 2}, {wTarget, 2}}},
	{"override", 0.85, order, []step{{wBypass, 0}, {wSelf | wAll | wPrior, 0}, {wTarget | wLimit, 3}}},
	{"override", 0.8, order, []step{{wAct, 0}, {wTarget, 3}, {wNot, 3}}},
	{"override", 0.45, order, []step{{wEnd, 0}, {wJob | wAsk | wTask, 2}, {wLead | wStart | wInstead, 5}}},
	{"void rules", 0.8, 0, []step{{wSelf | wPrior | wAll, 0}, {wTarget | wTask | wLimit, 3}, {wChange | wEnd, 5}}},
	{"void rules", 0.7, 0, []step{{wThings, 0}, {wBefore | wPrior, 1}, {wChange, 3}}},
	{"void rules", 0.8, 0, []step{{wSelf | wPrior | wAll, 0}, {wTarget, 2}, {wNot, 3}, {wNow | wFollow | wLead, 3}}},
	{"void rules", 0.7, 0, []step{{wTarget, 0}, {wPrior | wChange, 3}, {wChange | wNot, 3}}},
	{"void rules", 0.6, order, []step{{wTarget | wLimit, 0}, {wChange, 2}}},
	{"void rules", 0.85, 0, []step{{wNow, 0}, {wSelf, 2}, {wTarget, 1}, {wNot | wChange, 3}}},

	{"void rules", 0.8, 0, []step{{wSelf | wPrior | wAll, 0}, {wTarget, 2}, {wFollow, 2}, {wNot, 1}}},
	{"void rules", 0.8, 0, []step{{wNot, 0}, {wSelf | wPrior | wAll, 2}, {wTarget, 1}, {wFollow, 2}}},
	{"void rules", 0.4, 0, []step{{wUser | wMe, 0}, {wModeKind, 5}}},

	// Another task in place of the one that was given.
	{"new task", 0.85, 0, []step{{wNow, 0}, {wSelf, 3}, {wTask | wTarget, 2}}},
	{"new task", 0.85, 0, []step{{wSelf, 0}, {wNew | wReal, 1}, {wTask | wTarget | wJob, 1}}},
	{"new task", 0.8, order, []step{{wNew | wReal, 0}, {wTarget, 0}}},
	{"new task", 0.6, order, []step{{wReal, 0}, {wTask, 0}}},
	{"new task", 0.65, order, []step{{wNow, 0}, {wNew, 4}, {wTask, 2}}},
	{"new task", 0.5, order, []step{{wThanks, 0}, {wNew, 5}, {wTask, 2}}},
	{"new task", 0.6, order | onward, []step{{wNew, 0}, {wTask, 1}, {wYou, 3}}},
	{"new task", 0.5, order, []step{{wNew, 0}, {wTask, 1}}},
	{"new task", 0.7, order, []step{{wFollow, 0}, {wNew, 3}, {wTarget, 3}}},
	{"new task", 0.82, order | own, []step{{wFollow, 0}, {wMy, 2}, {wTarget | wPrompt, 0}}},
	{"new task", 0.6, order | own, []step{{wFollow, 0}, {wMy | wOnly, 1}}},
	{"new task", 0.6, order, []step{{wNot, 0}, {wJob, 3}, {wInstead, 6}}},
	{"end of data", 0.75, order, []step{{wEnd, 0}, {wData | wPrompt, 1}}},
	{"end of data", 0.5, 0, []step{{wAll, 0}, {wData | wText, 2}, {wNow | wEnd | wThanks, 3}}},
	{"end of data", 0.5, order, []step{{wThis | wThings, 0}, {wAll | wPrior | wData | wEnd, 2},
		{wData | wText | wJob, 2}}},
	{"end of data", 0.3, order | last, []step{{wThanks, 0}, {wThanks | wStood, 2}}},
	{"instead", 0.4, 0, []step{{wNow, 0}, {wSay, 3}, {wInstead, 3}}},
	{"instead", 0.67, order, []step{{wInstead, 0}, {wSay, 1}, {wThis | wNew, 1}, {wTask | wJob | wData, 1}}},
	{"instead", 0.67, order, []step{{wNow, 0}, {wSay, 2}, {wThis, 1}, {wInstead, 2}}},
	{"instead", 0.3, 0, []step{{wInstead, 0}, {wSay | wReveal, 3}}},
	{"interruption", 0.8, order | onward, []step{{wEnd, 0}, {wImportant, 4}, {wSay | wTell | wMust | wReveal, 8}}},
	{"interruption", 0.6, order | onward, []step{{wEnd, 0}, {wImportant, 4}}},
	{"interruption", 0.65, order, []step{{wEnd, 0}, {wThings, 0}}},
	{"interruption", 0.4, order, []step{{wEnd, 0}, {wAll | wThings | wJob | wSelf, 3}}},
	{"start over", 0.6, order, []step{{wStart, 0}, {wNew, 3}, {wNot, 6}}},

	// Getting at the prompt.
	{promptLeak, 0.88, order | onward, []step{{wReveal | wTell | wSay | wGiven, 0}, {wSelf, 3}, {wPrompt, 2}}},
	{promptLeak, 0.85, order, []step{{wShow | wReveal | wTell | wGiven, 0}, {wSystem | wPrior | wStart, 3}, {wPrompt, 1}}},
	{promptLeak, 0.85, ask, []step{{wAsk, 0}, {wSelf, 3}, {wPrompt, 2}}},
	{promptLeak, 0.85, ask, []step{{wAsk, 0}, {wSelf, 2}, {wSystem, 1}, {wPrompt, 3}}},
	{promptLeak, 0.85, order | ask, []step{{wShow | wReveal | wTell | wAsk, 0}, {wPrompt | wTarget, 3}, {wYou, 3},
		{wGiven | wFollow | wStart | wStood, 3}}},
	{promptLeak, 0.85, order | ask, []step{{wAsk | wReveal, 0}, {wPrompt | wTarget, 3}, {wGiven, 3}, {wYou, 3}}},
	{promptLeak, 0.85, order | last, []step{{wShow, 0}, {wAll | wThings | wExact | wText, 2},
		{wPrior | wBefore | wStart, 3}}},
	{promptLeak, 0.85, order | own, []step{{wShow, 0}, {wText | wTarget | wThings, 3}, {wPrior | wBefore | wStart, 3},
		{wThis | wMy | wExact, 1}}},
	{promptLeak, 0.85, order | ask | own, []step{{wAsk | wShow | wTell, 0}, {wStood | wText, 4}, {wBefore, 2},
		{wThis | wMy, 1}}},
	{promptLeak, 0.85, ask | own, []step{{wAsk, 0}, {wBefore, 1}, {wThis | wMy, 0}, {wStood, 2}}},
	{promptLeak, 0.85, order | own, []step{{wShow | wReveal | wSay, 0}, {wThings | wAll | wText, 1}, {wBefore, 4},
		{wThis | wMy | wStood, 1}}},
	{promptLeak, 0.85, order | own, []step{{wReveal | wTell, 0}, {wTarget, 2}, {wPrior | wBefore, 1},
		{wThis | wMy | wStood, 1}}},
	{promptLeak, 0.85, ask | last, []step{{wAsk, 0}, {wStood, 3}, {wBefore, 2}}},
	{promptLeak, 0.85, ask, []step{{wAsk, 0}, {wStart | wPrior, 3}, {wText | wTarget | wTask, 2}, {wYou, 4},
		{wGiven | wTell, 4}}},
	{promptLeak, 0.85, order, []step{{wShow, 0}, {wPrompt, 3}, {wExact, 3}}},
	{promptLeak, 0.7, order, []step{{wShow, 0}, {wAll, 1}, {wPrompt, 1}}},
	{promptLeak, 0.6, order | last, []step{{wShow | wGiven, 0}, {wPrompt, 1}}},
	{promptLeak, 0.82, order | last, []step{{wShow, 0}, {wPrior, 3}, {wText, 2}}},
	{promptLeak, 0.82, order, []step{{wSay, 0}, {wAll, 2}, {wPrior, 0}, {wText, 0}}},
	{promptLeak, 0.7, order, []step{{wShow, 0}, {wSelf, 2}, {wText, 2}}},
	{promptLeak, 0.82, order | own, []step{{wForgot, 0}, {wSelf, 2}, {wTask | wPrompt, 2}}},
	{promptLeak, 0.82, own, []step{{wMe, 0}, {wSelf, 4}, {wTask | wPrompt, 2}, {wForgot, 2}}},
	{promptLeak, 0.8, ask | order, []step{{wAsk | wShow | wTell, 0}, {wYou, 4}, {wGiven | wTell, 3},
		{wBefore | wStart | wSay | wMust, 4}}},
	{promptLeak, 0.8, ask | order, []step{{wAsk | wShow | wTell, 0}, {wText, 3}, {wYou, 2}, {wGiven | wTell, 5}}},
	{promptLeak, 0.85, order, []step{{wSystem | wPrior, 0}, {wText | wTarget, 1}, {wYou, 3}, {wGiven, 3}}},
	{promptLeak, 0.6, order, []step{{wShow, 0}, {wYou, 2}, {wGiven, 2}}},
	{promptLeak, 0.7, order, []step{{wReveal | wTell, 0}, {wSystem, 4}, {wSecret | wTarget, 2}}},
	{"secret", 0.8, ask, []step{{wAsk, 0}, {wSecret, 4}, {wYou, 3}, {wGiven | wTell, 3}}},
	{"secret", 0.85, order | last, []step{{wReveal | wTell | wGiven | wShow, 0}, {wSecret, 2}}},
	{"secret", 0.7, order, []step{{wReveal | wTell, 0}, {wSelf | wSystem, 3}, {wSecret, 2}}},

	// Another identity.
	{"persona", 0.4, order, []step{{wAct, 0}, {wAs, 2}}},
	{"persona", 0.4, 0, []step{{wWant, 0}, {wYou, 3}, {wAct, 3}}},
	{"persona", 0.6, 0, []step{{wNow, 0}, {wYou, 2}, {wBe | wAct, 2}}},
	{"persona", 0.6, 0, []step{{wNow, 0}, {wBe, 1}, {wYou, 1}}},
	{"persona", 0.6, order, []step{{wYou, 0}, {wBe, 3}, {wNow, 1}}},
	{"persona", 0.5, order, []step{{wAct, 0}, {wYou, 2}, {wBe, 2}}},
	{"persona", 0.4, order, []step{{wAct, 0}, {wRole, 4}}},
	{"persona", 0.7, order, []step{{wYou, 0}, {wBe, 1}, {wNot, 1}, {wModel, 4}}},
	{"persona", 0.6, 0, []step{{wNot, 0}, {wModel, 3}, {wNow, 6}}},
	{"persona", 0.45, 0, []step{{wNow, 0}, {wYou, 2}, {wSay | wMust | wFollow | wReveal, 3}}},
	{"persona", 0.45, 0, []step{{wNow, 0}, {wSay, 2}, {wYou, 1}}},

	// Freedom from limits.
	{"no limits", 0.6, 0, []step{{wNot, 0}, {wLimit, 3}}},
	{"no limits", 0.82, 0, []step{{wYou, 0}, {wNot, 4}, {wLimit, 3}}},
	{"no limits", 0.82, 0, []step{{wModel, 0}, {wNot, 4}, {wLimit, 3}}},
	{"no limits", 0.82, order, []step{{wAct, 0}, {wNot, 6}, {wLimit, 3}}},
	{"no limits", 0.82, 0, []step{{wRole, 0}, {wNot, 4}, {wLimit, 3}}},
	{"unbound", 0.6, 0, []step{{wFree, 0}}},
	{"unbound", 0.82, 0, []step{{wFree, 0}, {wModel, 3}}},
	{"unbound", 0.6, 0, []step{{wYou, 0}, {wMust, 2}, {wNow, 2}, {wAll | wThings, 4}}},
	{"jailbreak", 0.75, order, []step{{wJailbreak, 0}, {wMode, 2}}},
	{"jailbreak", 0.65, 0, []step{{wYou | wNow, 0}, {wModeKind, 4}, {wMode, 0}}},
	{"jailbreak", 0.5, 0, []step{{wModeKind, 0}, {wMode, 0}}},
	{"jailbreak", 0.6, 0, []step{{wYou, 0}, {wJailbreak, 4}}},
	{"jailbreak", 0.7, 0, []step{{wAct, 0}, {wJailbreak, 4}}},
	{"jailbreak", 0.6, 0, []step{{wNow, 0}, {wJailbreak, 4}}},

	// Words put into the model's mouth.
	{"dictated", 0.45, 0, []step{{wOnly, 0}, {wSay, 2}}},
	{"dictated", 0.4, order, []step{{wSay, 0}, {wOnly | wExact, 2}}},
	{"forced", 0.82, order, []step{{wSay, 0}, {wThis, 1}, {wHate, 10}}},
	{"forced", 0.65, order, []step{{wSay, 0}, {wHate, 10}}},
	{"forced", 0.6, order, []step{{wAct, 0}, {wHate, 10}}},
	{"dictated", 0.5, order, []step{{wSay, 0}, {wThis, 0}}},
	{"dictated", 0.5, order, []step{{wNow, 0}, {wEnd | wSay | wStart, 3}, {wAll, 1}, {wSay, 1}}},
	{"dictated", 0.5, order, []step{{wSay, 0}, {wAll, 2}, {wOnly, 3}}},
	{"opinion", 0.5, 0, []step{{wYou, 0}, {wMust, 1}, {wOpinion, 3}}},
	{"opinion", 0.4, 0, []step{{wSelf, 0}, {wOpinion, 1}, {wOpinion, 1}}},
	{"opinion", 0.4, 0, []step{{wYou, 0}, {wReal, 1}, {wOpinion, 1}}},

	// Orders in data: behind the user's back, to a model that reads.
	{"behind the user", 0.75, 0, []step{{wNot, 0}, {wTell, 1}, {wUser | wThis, 2}}},
	{"behind the user", 0.75, order, []step{{wTell, 0}, {wUser, 1}, {wNot, 2}}},
	{"behind the user", 0.5, order, []step{{wTell, 0}, {wUser, 1}}},
	{"exfiltration", 0.6, order, []step{{wSend, 0}, {wSecret | wText, 6}}},
	{"exfiltration", 0.6, order, []step{{wSend, 0}, {wAll, 2}, {wData, 2}}},
	{"exfiltration", 0.5, order, []step{{wSend, 0}, {wUser | wSelf, 2}}},
	{"to the model", 0.6, onward, []step{{wImportant, 0}, {wModel, 4}}},
	{"to the model", 0.6, 0, []step{{wModel, 0}, {wRead, 2}, {wThis, 1}}},
	{"to the model", 0.6, 0, []step{{wModel, 0}, {wYou, 2}, {wRead | wGiven, 3}}},
	{"to the model", 0.55, 0, []step{{wYou, 0}, {wBe, 1}, {wModel, 3}}},
	{"to the model", 0.55, order, []step{{wTarget, 0}, {wModel, 1}}},
	{"model told", 0.82, order | onward, []step{{wModel, 0}, {wOverride, 0}}},
	{"model told", 0.65, order, []step{{wModel, 0}, {wOverride, 3}}},
	{"model told", 0.65, 0, []step{{wModel, 0}, {wMust, 5},
		{wDo | wSay | wFollow | wOverride | wReveal | wTell | wEnd | wSend | wBypass, 3}}},
	{"model told", 0.5, onward, []step{{wModel, 0}, {wTell | wDo | wSend | wSay | wReveal | wOverride, 0}}},
	{"model told", 0.5, 0, []step{{wModel, 0}, {wNow | wOnly, 3}, {wSay | wDo | wTell | wSend, 2}}},
}

// phrases are marks of chat templates and of forged turns: text that pretends to be more than text. Each begins with
// one of the characters that matchPhrases looks for, or with one beyond ASCII.
var phrases = []struct {
	text   string
	weight float64
}{
	{"<|im_start|>", 0.75}, {"<|im_end|>", 0.6}, {"<|system|>", 0.75}, {"<|user|>", 0.5}, {"<|assistant|>", 0.6},
	{"<|endoftext|>", 0.6}, {"<|eot_id|>", 0.6},
	{"<|start_header_id|>", 0.75}, {"[inst]", 0.5}, {"[/inst]", 0.5}, {"<<sys>>", 0.7}, {"### system", 0.6},
	{"### instruction", 0.5}, {"###instruction", 0.5},
	{"</system>", 0.6}, {"<system>", 0.5}, {"[system]", 0.5}, {"[/system]", 0.6}, {"[system](#", 0.7}, {"</context>", 0.5},
	{"</document>", 0.5},
	{"\nsystem:", 0.5}, {"\nassistant:", 0.35}, {"\nai:", 0.3}, {"[jailbreak]", 0.8}, {"\U0001f513", 0.4},
}

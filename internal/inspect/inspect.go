// Package inspect lets the policy look at every text on its way in and out, plain and streamed, and rewrite it; and it
// answers moderation requests by the same detectors.
//
// What is found is for package policy to say, and what becomes of it. It must not know models or targets.
//
// Start at Inspect, then stream.go for answers that come in pieces.
package inspect

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"

	"outcrop/internal/access"
	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/internal/judge"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/policy"
	"outcrop/translate/embed"
)

// CodeBlocked is the code of requests that the policy refuses (R-ERR-69).
const CodeBlocked = "content_policy_violation"

// Guard is what holds for the texts of one profile of keys.
type Guard struct {
	Policy  *policy.Policy
	Managed *judge.Managed // detectors of Bedrock; nil: none
	// a blocked request gets an ordinary answer with the finish reason content_filter; false refuses it
	Answer  bool
	Message string // what that answer says, and what stands in place of an answer that was blocked as a whole
}

// Guards are the guards of all profiles, by name; "" is that of keys without one. A name that is not there has no
// rules, and is refused; without "" nothing holds for keys that name none.
type Guards map[string]*Guard

// of gives the guard of a caller, nil for none.
func (g Guards) of(who access.Principal) (*Guard, error) {
	profile := ""
	if who.Rights != nil {
		profile = who.Rights.Profile
	}
	guard := g[profile]
	if guard == nil && profile != "" {
		return nil, &openai.Error{Kind: openai.Misconfigured, Code: "policy_profile_missing",
			Message: "The policy profile of this API key does not exist in the configuration."}
	}
	return guard, nil
}

// Inspect looks at every text on its way in and out, and lets the rules of the caller's profile decide what becomes of
// it. It stands outside Recall: answers from memory are inspected too, and the memory's keys are made of what is left
// of a text.
func Inspect(guards Guards, rec *telemetry.Recorder) call.Stage {
	return func(next call.Handler) call.Handler {
		return func(ctx context.Context, c *call.Call) (call.Reply, error) {
			guard, err := guards.of(c.Principal)
			if err != nil {
				return call.Reply{}, err
			}
			if guard == nil {
				return next(ctx, c)
			}
			i := &inspection{Guard: guard, call: c, rec: rec, session: guard.Policy.Begin(), json: c.Request.Facts().JSON}
			c.Allows = guard.Policy.Allows
			blocked, err := i.request(ctx)
			switch {
			case err != nil:
				return call.Reply{}, err
			case blocked != nil:
				return i.refuse(blocked)
			}
			reply, err := next(ctx, c)
			if err != nil {
				return reply, err
			}
			return i.reply(ctx, reply), nil
		}
	}
}

// inspection is one call under inspection.
type inspection struct {
	*Guard
	call    *call.Call
	rec     *telemetry.Recorder
	session *policy.Session
	json    bool // the content of the answer is JSON
}

// request inspects the texts of the request and rewrites them. What it gives is the decision that ends the request, if
// one does.
func (i *inspection) request(ctx context.Context) (*policy.Decision, error) {
	if r, ok := i.call.Request.(*openai.EmbeddingRequest); ok {
		if bad := embed.Decode(r); bad != nil {
			return nil, bad
		}
	}
	if d := i.unscanned(); d != nil {
		i.note(policy.Input, []policy.Decision{*d})
		if d.Action == policy.Block {
			return d, nil
		}
	}
	var texts []policy.Text
	var at []*string
	var signed []openai.Place
	var sealed []policy.Text
	for place, text := range i.call.Request.Texts() {
		t := policy.Text{Value: *text, Role: roleOf(place.Role), Path: place.Path, JSON: inJSON(place, *text)}
		if place.Signed {
			signed, sealed = append(signed, place), append(sealed, t)
			continue
		}
		texts, at = append(texts, t), append(at, text)
	}
	v, err := i.inspect(ctx, policy.Input, texts)
	if err != nil {
		return nil, err
	}
	i.note(policy.Input, v.Decisions)
	if v.Blocked {
		return blocking(v.Decisions), nil
	}
	if told, ok := i.call.Request.(placing); ok && v.Moved() {
		movePlaces(told, at, texts, &v)
	}
	for n, text := range at {
		*text = v.Texts[n]
	}
	return nil, i.seal(ctx, policy.Input, i.call.Request, signed, sealed)
}

// placing is a request that tells of places in its texts (openai.ChatRequest.Places).
type placing interface {
	Places() iter.Seq2[[]*string, []*int]
}

// movePlaces moves what messages of the history tell of places in their content, for the content as it will be sent.
func movePlaces(told placing, at []*string, texts []policy.Text, v *policy.Verdict) {
	var number map[*string]int // of each text
	for content, places := range told.Places() {
		if number == nil {
			number = make(map[*string]int, len(at))
			for n, text := range at {
				number[text] = n
			}
		}
		var moves policy.Moves
		for _, text := range content {
			n := number[text]
			moves.Add(texts[n].Value, v.Moves(n))
		}
		for _, p := range places {
			*p = moves.Place(*p)
		}
	}
}

// seal withholds reasoning that its model signed when there is something in it: it may not be changed. It has a session
// of its own, since placeholders in it are those of this very conversation.
func (i *inspection) seal(ctx context.Context, d policy.Direction, whose any, places []openai.Place,
	texts []policy.Text) error {
	holder, ok := whose.(interface{ Withhold(openai.Place) })
	if len(texts) == 0 || !ok {
		return nil
	}
	session := i.Policy.Begin()
	if d == policy.Output {
		session = i.session
	}
	for n, place := range places {
		v, err := session.Inspect(ctx, d, texts[n:n+1])
		if err != nil {
			return err
		}
		i.note(d, v.Decisions)
		if v.Blocked || v.Texts[0] != texts[n].Value {
			holder.Withhold(place)
		}
	}
	return nil
}

// unscanned tells how much of the request is nothing that could be read, and whether that is refused.
func (i *inspection) unscanned() *policy.Decision {
	var d *policy.Decision
	for place := range i.call.Request.Unscanned() {
		if d == nil {
			d = &policy.Decision{Kind: "UNSCANNED", Action: i.Policy.Unscanned(), Role: place.Role, Path: place.Path}
		}
		d.Count++
	}
	return d
}

// roleOf is the role by whose rules a text is judged: the operator's own words are those of the system.
func roleOf(role string) string {
	switch role {
	case "developer", "tools":
		return "system"
	case "function":
		return "tool"
	}
	return role
}

// inJSON tells texts whose strings are read decoded: arguments of calls, and results of tools that are JSON with
// escapes in it.
func inJSON(place openai.Place, text string) bool {
	if strings.HasSuffix(place.Path, ".arguments") {
		return true
	}
	if place.Role != "tool" && place.Role != "function" || !strings.Contains(text, `\`) {
		return false
	}
	trimmed := strings.TrimLeft(text, " \t\r\n")
	return trimmed != "" && (trimmed[0] == '{' || trimmed[0] == '[') && json.Valid([]byte(text))
}

// note writes decisions down, for the record and as metrics.
func (i *inspection) note(d policy.Direction, decisions []policy.Decision) {
	direction := d.String()
	for _, x := range decisions {
		i.rec.Policy(x.Kind, direction, string(x.Action), x.Count)
		i.call.Findings = audit.Note(i.call.Findings, audit.Finding{
			Direction: direction, Kind: x.Kind, Action: string(x.Action), Role: x.Role, Count: x.Count, Place: x.Path,
			Score: x.Score})
	}
}

func blocking(decisions []policy.Decision) *policy.Decision {
	for n := range decisions {
		if decisions[n].Action == policy.Block {
			return &decisions[n]
		}
	}
	return &policy.Decision{}
}

// refuse ends a blocked request: as an error that names the offending part, or as an ordinary answer where the rules
// say so (R-ERR-69).
func (i *inspection) refuse(why *policy.Decision) (call.Reply, error) {
	if chat := i.call.Endpoint.Chat; chat != nil && i.Answer {
		return call.Reply{Parts: call.Each(chat.Refuse(i.call, i.Message))}, nil
	}
	what := "This part of the request was blocked by the content policy of the gateway: " + why.Kind + "."
	if why.Kind == "UNSCANNED" {
		what = "The content policy of the gateway refuses what it cannot read, such as images and PDF files."
	}
	return call.Reply{}, openai.Invalidf(CodeBlocked, why.Path, "%s", what)
}

// pathOf is where a text of an answer stands, for records.
func pathOf(place openai.Place) string {
	if place.Tool >= 0 && place.Path == "tool_calls" {
		return fmt.Sprintf("choices[%d].message.tool_calls[%d].function.arguments", place.Choice, place.Tool)
	}
	if place.Path == "function_call" {
		return fmt.Sprintf("choices[%d].message.function_call.arguments", place.Choice)
	}
	return fmt.Sprintf("choices[%d].message.%s", place.Choice, place.Path)
}

// inspect has texts looked at by our detectors, and by those elsewhere at the same time.
func (i *inspection) inspect(ctx context.Context, d policy.Direction, texts []policy.Text) (policy.Verdict, error) {
	if !i.Managed.Looks(d) {
		return i.session.Inspect(ctx, d, texts)
	}
	elsewhere, cancel := context.WithCancel(ctx)
	defer cancel()
	var said []policy.Opinion
	asked := make(chan error, 1)
	go func() {
		asked <- call.Guarded(func() (err error) {
			said, err = i.Managed.Ask(elsewhere, d, texts)
			return err
		})
	}()
	own, err := i.session.Inspect(ctx, d, texts)
	decided := err != nil || own.Blocked
	if decided {
		cancel()
	}
	failed := <-asked
	switch {
	case decided:
		return own, err
	case failed != nil:
		return own, failed
	case !anythingIn(said):
		return own, nil
	}
	return i.session.InspectWith(ctx, d, texts, said)
}

func anythingIn(said []policy.Opinion) bool {
	return slices.ContainsFunc(said, func(o policy.Opinion) bool { return len(o.Findings) > 0 || o.Replacement != nil })
}

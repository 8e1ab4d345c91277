package judge

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/semaphore"

	"outcrop/internal/call"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/policy"
)

// Config are the detectors of Bedrock that work beside ours.
type Config struct {
	Guardrail Guardrail `yaml:"guardrail"`
	// Checks need no guardrail: content_filter, prompt_attack, sensitive_information.
	Checks     []string      `yaml:"checks" validate:"unique,dive,oneof=content_filter prompt_attack sensitive_information" help:"checks of InvokeGuardrailChecks: content_filter, prompt_attack, sensitive_information"`
	Threshold  float64       `yaml:"threshold" validate:"min=0,max=1" help:"severity from which content_filter and prompt_attack count"`
	Action     string        `yaml:"action" validate:"oneof=block flag" help:"what becomes of such texts: block or flag"`
	Directions []string      `yaml:"directions" validate:"min=1,unique,dive,oneof=input output" help:"which texts are sent there: input, output"`
	Timeout    time.Duration `yaml:"timeout" validate:"gt=0" help:"how long the detectors of Bedrock may take for a request or a piece of an answer"`
	OnError    string        `yaml:"on_error" validate:"oneof=open closed" help:"when they fail or take too long: open lets texts pass, closed refuses them (503)"`
	Cache      int           `yaml:"cache" validate:"min=0,max=1000000" help:"how many of their opinions are kept in memory, so that a text is paid for once; 0 is none"`
}

// Guardrail is a guardrail of the account.
type Guardrail struct {
	Identifier string `yaml:"identifier" validate:"omitempty,word,max=2048" help:"id or ARN of a guardrail that texts are held against (ApplyGuardrail)"`
	Version    string `yaml:"version" validate:"omitempty,guardrail_version" help:"its version: a number or DRAFT"`
}

// Default has no detectors.
func Default() Config {
	return Config{Threshold: 0.5, Action: "block", Directions: []string{"input", "output"}, Timeout: 2 * time.Second,
		OnError: "closed", Cache: 10_000}
}

// Faults gives what tags cannot say.
func (c *Config) Faults() map[string]error {
	if (c.Guardrail.Identifier == "") != (c.Guardrail.Version == "") {
		return map[string]error{"guardrail": errors.New("identifier and version go together")}
	}
	return nil
}

// Enabled tells whether there is any detector.
func (c *Config) Enabled() bool { return c.Guardrail.Identifier != "" || len(c.Checks) > 0 }

// Judge is a detector that works elsewhere and costs a call. Its errors are for the log.
type Judge interface {
	Name() string
	// Version tells what its opinions hang on, besides the text.
	Version() string
	Judge(ctx context.Context, d policy.Direction, role, text string) (policy.Opinion, error)
}

// Managed asks detectors elsewhere. It is safe for concurrent use.
type Managed struct {
	cfg    Config
	judges []Judge
	memory *lru.Cache[[sha256.Size]byte, policy.Opinion] // by digests; nil keeps none
	rec    *telemetry.Recorder
}

// New makes what asks the judges; nil when there are none.
func New(cfg Config, rec *telemetry.Recorder, judges ...Judge) *Managed {
	if len(judges) == 0 {
		return nil
	}
	m := &Managed{cfg: cfg, judges: judges, rec: rec}
	if cfg.Cache > 0 {
		m.memory, _ = lru.New[[sha256.Size]byte, policy.Opinion](cfg.Cache) // fails for a size below 1 only
	}
	return m
}

// Looks tells whether texts of a direction are sent anywhere.
func (m *Managed) Looks(d policy.Direction) bool {
	return m != nil && slices.Contains(m.cfg.Directions, d.String())
}

// Counts tells whether a score is so high that something is made of it.
func (m *Managed) Counts(score float64) bool { return score > 0 && score >= m.cfg.Threshold }

// Blocks tells whether what is made of it is a refusal.
func (m *Managed) Blocks() bool { return m.cfg.Action == string(policy.Block) }

// Ask gives an opinion of each text that anything is to be said of. When that fails and the setting is to let texts
// pass, there are no opinions.
func (m *Managed) Ask(ctx context.Context, d policy.Direction, texts []policy.Text) ([]policy.Opinion, error) {
	timed, cancel := context.WithTimeout(ctx, m.cfg.Timeout)
	defer cancel()
	said := make([]policy.Opinion, len(texts))
	var open []int
	for n, t := range texts {
		if judged(t) {
			open = append(open, n)
		}
	}
	const calls = 4 // at a time, for one request
	err := call.FanOut(timed, len(open), calls, semaphore.NewWeighted(calls),
		func(ctx context.Context, n int) (err error) {
			t := texts[open[n]]
			said[open[n]], err = m.opinion(ctx, d, t.Role, t.Value)
			return err
		})
	switch {
	case err == nil:
		return said, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case m.cfg.OnError == "open":
		m.rec.PolicyFault("open")
		return nil, nil
	}
	m.rec.PolicyFault("closed")
	return nil, &openai.Error{Kind: openai.Unavailable, Code: "content_policy_unavailable",
		Message: "The content policy could not be checked. Try again.", Err: err}
}

// judged leaves out what the operator wrote, what was judged when it was an answer, and what holds nothing.
func judged(t policy.Text) bool {
	switch t.Role {
	case "system":
		return false
	case "assistant":
		if strings.HasPrefix(t.Path, "messages") {
			return false
		}
	}
	return strings.TrimSpace(t.Value) != ""
}

// longestJudged is how many bytes are sent in one call. Bedrock charges by thousands of characters and bounds what it
// takes.
const longestJudged = 20_000

// opinion is what all judges say of a text.
func (m *Managed) opinion(ctx context.Context, d policy.Direction, role, text string) (policy.Opinion, error) {
	var all policy.Opinion
	for _, j := range m.judges {
		if len(text) <= longestJudged {
			o, err := m.ask(ctx, j, d, role, text)
			if err != nil {
				return all, err
			}
			all = plus(all, o, 0)
			continue
		}
		for at := 0; at < len(text); {
			end := min(len(text), at+longestJudged)
			for end < len(text) && !utf8.RuneStart(text[end]) {
				end--
			}
			if end < len(text) {
				end = at + WordEnd(text[at:end])
			}
			o, err := m.ask(ctx, j, d, role, text[at:end])
			if err != nil {
				return all, err
			}
			if o.Replacement != nil {
				whole := text[:at] + *o.Replacement + text[end:]
				o.Replacement = nil // offsets behind it would no longer be true
				return plus(all, policy.Opinion{Findings: o.Findings, Scores: o.Scores, Replacement: &whole}, at), nil
			}
			all = plus(all, o, at)
			at = end
		}
	}
	return all, nil
}

// ask gives the opinion of one judge, from memory where it is known.
func (m *Managed) ask(ctx context.Context, j Judge, d policy.Direction, role, text string) (policy.Opinion, error) {
	if m.memory == nil {
		return j.Judge(ctx, d, role, text)
	}
	key := sha256.Sum256([]byte(j.Name() + "\x00" + j.Version() + "\x00" + d.String() + "\x00" + role + "\x00" + text))
	if o, ok := m.memory.Get(key); ok {
		return o, nil
	}
	o, err := j.Judge(ctx, d, role, text)
	if err == nil {
		m.memory.Add(key, o)
	}
	return o, err
}

// plus adds to an opinion, which nobody else has, that about a piece that begins at a place. The last replacement
// counts.
func plus(a, b policy.Opinion, at int) policy.Opinion {
	for _, f := range b.Findings {
		if f.End > 0 {
			f.Start, f.End = f.Start+at, f.End+at
		}
		a.Findings = append(a.Findings, f)
	}
	if b.Replacement != nil {
		a.Replacement = b.Replacement
	}
	if len(b.Scores) > 0 {
		scores := map[string]float64{}
		for _, from := range []map[string]float64{a.Scores, b.Scores} {
			for k, v := range from {
				scores[k] = max(scores[k], v)
			}
		}
		a.Scores = scores
	}
	return a
}

// WordEnd is behind the last white space of a text, or its end where there is none near.
func WordEnd(s string) int {
	if n := strings.LastIndexAny(s, " \n"); n > len(s)/2 {
		return n + 1
	}
	end := len(s)
	for end > 0 && end > len(s)-utf8.UTFMax && !utf8.FullRuneInString(s[lastRune(s):]) {
		end = lastRune(s)
		s = s[:end]
	}
	return end
}

func lastRune(s string) int {
	n := len(s) - 1
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return n
}

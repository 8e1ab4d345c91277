package offline

import (
	"fmt"
	"strings"
)

// redactMe is the beginning of the text with which Anthropic lets clients provoke redacted thinking.
const redactMe = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"

// reasoningOf makes the reasoning blocks of an answer in the form of the model's family [FACTS 4.2].
func reasoningOf(r *converseRequest, t target) []block {
	f := t.model.family
	thought := fmt.Sprintf("There are %s. I look at the newest one and answer it plainly.", plural(len(r.Messages), "turn"))
	if said := r.lastUserText(); said != "" {
		thought += " It says: " + cutText(said, 200)
	}
	switch f.reasoning {
	case reasonsAlways, reasonsAlwaysLast, reasonsByEffort:
		return []block{{reason: &reason{text: thought}}}
	case objectEffort, encrypts:
		if object, _ := r.Native["reasoning"].(map[string]any); object["effort"] == "none" {
			return nil
		}
		return []block{{reason: &reason{redacted: redact(thought)}}}
	case stringEffort:
		if _, asked := r.Native["reasoning_config"]; asked || t.model.ID == "qwen.qwen3-32b-v1:0" {
			return []block{{reason: &reason{text: thought}}}
		}
		return nil
	case novaEffort:
		if c, _ := r.Native["reasoningConfig"].(map[string]any); c["type"] == "enabled" {
			return []block{{reason: &reason{text: "[REDACTED]"}}}
		}
		return nil
	}
	th := r.thinking(f)
	if !f.claude || !th.on {
		return nil
	}
	if strings.Contains(r.lastUserText(), redactMe) {
		return []block{{reason: &reason{redacted: redact(thought)}}}
	}
	if f.hidden && th.display != "summarized" {
		thought = ""
	}
	return []block{{reason: &reason{text: thought, signature: sign(thought)}}}
}

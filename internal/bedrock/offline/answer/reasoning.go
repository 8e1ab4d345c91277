package answer

import (
	"fmt"
	"strings"

	"outcrop/internal/bedrock/offline/wire"
)

// RedactMe is the beginning of the text with which Anthropic lets clients provoke redacted thinking.
const RedactMe = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING"

// reasoningOf makes the reasoning blocks of an answer in the form of the model's family [FACTS 4.2].
func reasoningOf(r *wire.ConverseRequest, t wire.Target) []Block {
	f := t.Model.Traits
	thought := fmt.Sprintf("There are %s. I look at the newest one and answer it plainly.",
		plural(len(r.Messages), "turn"))
	if said := r.LastUserText(); said != "" {
		thought += " It says: " + cutText(said, 200)
	}
	switch f.Reasoning {
	case wire.ReasonsAlways, wire.ReasonsAlwaysLast, wire.ReasonsByEffort:
		return []Block{{reason: &reason{text: thought}}}
	case wire.ObjectEffort, wire.Encrypts:
		if object, _ := r.Native["reasoning"].(map[string]any); object["effort"] == "none" {
			return nil
		}
		return []Block{{reason: &reason{redacted: wire.Redact(thought)}}}
	case wire.StringEffort:
		if _, asked := r.Native["reasoning_config"]; asked || t.Model.ID == "qwen.qwen3-32b-v1:0" {
			return []Block{{reason: &reason{text: thought}}}
		}
		return nil
	case wire.NovaEffort:
		if c, _ := r.Native["reasoningConfig"].(map[string]any); c["type"] == "enabled" {
			return []Block{{reason: &reason{text: "[REDACTED]"}}}
		}
		return nil
	}
	th := r.Thinking(f)
	if !f.Claude || !th.On {
		return nil
	}
	if strings.Contains(r.LastUserText(), RedactMe) {
		return []Block{{reason: &reason{redacted: wire.Redact(thought)}}}
	}
	if f.Hidden && th.Display != "summarized" {
		thought = ""
	}
	return []Block{{reason: &reason{text: thought, signature: wire.Sign(thought)}}}
}

package chat

import "outcrop/internal/catalog"

// rows are made by hand, so that the tests of the rules do not move with the catalogue. Each stands for a family.
var rows = []catalog.Model{
	{ID: "anthropic.claude-haiku-4-5-20251001-v1:0", Family: "claude-4.5", Format: "claude", MaxOutput: 64000,
		Caps: claude(func(c *catalog.Capabilities) {
			c.Sampling.Both = catalog.No
			c.StructuredOutput, c.StrictTools, c.AssistantPrefill = catalog.Yes, catalog.Yes, catalog.Yes
			c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningBudget, Default: "off",
				MinBudget: 1024, Signed: true}
		})},
	{ID: "anthropic.claude-3-5-sonnet-20240620-v1:0", Family: "claude-3.5", Format: "claude", MaxOutput: 8192,
		MaxOutputFirm: true, Caps: claude(func(c *catalog.Capabilities) {
			c.Sampling.Both, c.AssistantPrefill, c.StructuredOutput = catalog.Yes, catalog.Yes, catalog.No
			c.Reasoning = catalog.Reasoning{Supported: catalog.No}
		})},
	{ID: "anthropic.claude-opus-4-6-v1", Family: "claude-4.6", Format: "claude", MaxOutput: 128000,
		Caps: claude(func(c *catalog.Capabilities) {
			c.Sampling.Both, c.StructuredOutput, c.StrictTools = catalog.No, catalog.Yes, catalog.Yes
			c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningAdaptive, Default: "off",
				Efforts: []string{"low", "medium", "high", "max"}, Signed: true}
		})},
	{ID: "anthropic.claude-opus-4-8", Family: "claude-4.8", Format: "claude", MaxOutput: 128000,
		Caps: claude(func(c *catalog.Capabilities) {
			c.Sampling = catalog.Sampling{Temperature: catalog.No, TopP: catalog.No, Both: catalog.No}
			c.StructuredOutput = catalog.No
			c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningAdaptive, Default: "off",
				Efforts: []string{"low", "medium", "high", "xhigh", "max"}, Signed: true, TextHidden: true,
				ForcedChoiceAllowed: true}
		})},
	{ID: "anthropic.claude-sonnet-5", Family: "claude-5", Format: "claude", MaxOutput: 128000,
		Caps: claude(func(c *catalog.Capabilities) {
			c.Sampling = catalog.Sampling{Temperature: catalog.No, TopP: catalog.No, Both: catalog.No}
			c.StructuredOutput = catalog.No
			c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningAdaptive, Default: "on",
				Efforts: []string{"low", "medium", "high", "xhigh", "max"}, Signed: true, TextHidden: true}
		})},
	{ID: "anthropic.claude-fable-5", Family: "claude-fable", Format: "claude", MaxOutput: 128000,
		Caps: claude(func(c *catalog.Capabilities) {
			c.Sampling = catalog.Sampling{Temperature: catalog.No, TopP: catalog.No, Both: catalog.No}
			c.StructuredOutput, c.ToolChoice = catalog.No, catalog.ToolChoice{Known: true, Auto: true}
			c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningAdaptive, Default: "always",
				Efforts: []string{"low", "medium", "high", "xhigh", "max"}, Signed: true, TextHidden: true}
		})},
	{ID: "amazon.nova-lite-v1:0", Family: "nova", Format: "nova", MaxOutput: 10000, MaxOutputFirm: true,
		Caps: nova(func(c *catalog.Capabilities) {})},
	{ID: "amazon.nova-micro-v1:0", Family: "nova", Format: "nova", MaxOutput: 10000, MaxOutputFirm: true,
		Caps: nova(func(c *catalog.Capabilities) {
			c.Vision, c.Documents, c.ToolResultMedia = catalog.No, catalog.No, []string{}
		})},
	{ID: "amazon.nova-2-lite-v1:0", Family: "nova-2", Format: "nova", MaxOutput: 64000,
		Caps: nova(func(c *catalog.Capabilities) {
			c.StrictTools = catalog.Yes
			c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningNova, Default: "off",
				Efforts: []string{"low", "medium", "high"}}
		})},
	{ID: "meta.llama3-3-70b-instruct-v1:0", Family: "llama-3.3", Format: "llama",
		Caps: plain(func(c *catalog.Capabilities) {
			c.Documents, c.StreamingTools = catalog.Yes, catalog.No
			c.ToolChoice = catalog.ToolChoice{Known: true, Auto: true}
			c.ToolResultAlone, c.ToolResultMedia = catalog.Yes, []string{"image", "document"}
		})},
	{ID: "mistral.mistral-large-2407-v1:0", Family: "mistral-large", Format: "mistral",
		Caps: plain(func(c *catalog.Capabilities) {
			c.Documents, c.StreamingTools = catalog.Yes, catalog.No
			c.ToolChoice = catalog.ToolChoice{Known: true, Auto: true, Any: true}
			c.ToolResultAlone, c.ToolResultJSON, c.ToolIDPattern = catalog.Yes, true, "alnum9"
			c.ToolResultMedia = []string{"document"}
		})},
	{ID: "mistral.mistral-7b-instruct-v0:2", Family: "mistral-7b", Format: "mistral",
		Caps: plain(func(c *catalog.Capabilities) {
			c.System, c.Tools, c.Documents = catalog.No, catalog.No, catalog.Yes
		})},
	{ID: "writer.palmyra-x5-v1:0", Family: "palmyra", Format: "palmyra", Caps: plain(func(c *catalog.Capabilities) {
		c.ToolResultAlone, c.ToolResultStatus = catalog.Yes, catalog.No
	})},
	{ID: "openai.gpt-oss-120b-1:0", Family: "gpt-oss", Format: "gpt-oss", Caps: plain(func(c *catalog.Capabilities) {
		c.StructuredOutput, c.ToolChoice = catalog.Yes, catalog.ToolChoice{}
		c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningEffort, Default: "always",
			Efforts: []string{"low", "medium", "high"}}
	})},
	{ID: "qwen.qwen3-32b-v1:0", Family: "qwen3", Format: "qwen", Caps: plain(func(c *catalog.Capabilities) {
		c.StructuredOutput, c.LeadingAssistantOK, c.ToolResultMedia = catalog.Yes, catalog.Yes, []string{}
		c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningConfig, Default: "always",
			Efforts: []string{"low", "high"}}
	})},
	{ID: "qwen.qwen3-vl-235b-a22b", Family: "qwen3-vl", Format: "qwen", Caps: plain(func(c *catalog.Capabilities) {
		c.Vision, c.LeadingAssistantOK, c.ToolResultMedia = catalog.Yes, catalog.Yes, []string{}
	})},
	{ID: "deepseek.v3-v1:0", Family: "deepseek-v3", Format: "deepseek", Caps: plain(func(c *catalog.Capabilities) {
		c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningConfig, Default: "off",
			Efforts: []string{"low", "medium", "high"}}
	})},
	{ID: "deepseek.r1-v1:0", Family: "deepseek-r1", Format: "deepseek", Caps: plain(func(c *catalog.Capabilities) {
		c.Tools = catalog.No
		c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Default: "always"}
	})},
	{ID: "openai.gpt-5.6-sol", Family: "gpt-5", Format: "gpt", Caps: plain(func(c *catalog.Capabilities) {
		c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningObject,
			Efforts: []string{"low", "medium", "high", "xhigh", "max"}, Encrypted: true}
	})},
	{ID: "xai.grok-4.6", Family: "grok", Format: "grok", Caps: catalog.Capabilities{
		Caching:   catalog.Caching{Explicit: catalog.No},
		Reasoning: catalog.Reasoning{Encrypted: true},
	}},
	{ID: "moonshotai.kimi-k2.5", Family: "kimi", Format: "kimi", Caps: plain(func(c *catalog.Capabilities) {
		c.Reasoning = catalog.Reasoning{Supported: catalog.Yes, Shape: catalog.ReasoningConfig,
			Efforts: []string{"low", "medium", "high"}}
	})},
	{ID: "newcomer.model-1", Format: "newcomer"}, // nothing is known of it (R-CAP-06)
}

func claude(set func(*catalog.Capabilities)) catalog.Capabilities {
	c := catalog.Capabilities{
		Streaming: catalog.Yes, System: catalog.Yes, Tools: catalog.Yes, StreamingTools: catalog.Yes,
		Documents: catalog.Yes, Vision: catalog.Yes, Video: catalog.No, Audio: catalog.No,
		ToolChoice: catalog.ToolChoice{Known: true, Auto: true, Any: true, Tool: true},
		Sampling:   catalog.Sampling{Temperature: catalog.Yes, TopP: catalog.Yes, Both: catalog.Yes, TopKPath: "top_k"},
		Caching: catalog.Caching{Explicit: catalog.Yes, MinTokens: 1024, MaxPoints: 4, System: true, Messages: true,
			Tools: true, Hour: true},
		AssistantPrefill: catalog.No, LeadingAssistantOK: catalog.Yes,
		ToolResultBeside: []string{"text", "image"}, ToolResultMedia: []string{"image", "document"},
		DisableParallel: true, BlankStopRefused: true,
	}
	set(&c)
	return c
}

func nova(set func(*catalog.Capabilities)) catalog.Capabilities {
	c := catalog.Capabilities{
		Streaming: catalog.Yes, System: catalog.Yes, Tools: catalog.Yes, StreamingTools: catalog.Yes,
		Documents: catalog.Yes, Vision: catalog.Yes, Video: catalog.Yes, Audio: catalog.No,
		ToolChoice:       catalog.ToolChoice{Known: true, Auto: true, Any: true, Tool: true},
		StructuredOutput: catalog.No, StrictTools: catalog.No,
		Sampling: catalog.Sampling{Temperature: catalog.Yes, TopP: catalog.Yes, Both: catalog.Yes,
			TopKPath: "inferenceConfig.topK"},
		Caching: catalog.Caching{Explicit: catalog.Yes, MinTokens: 1000, MaxPoints: 4, System: true,
			Messages: true, AfterText: true},
		ToolNamePattern:    "word",
		LeadingAssistantOK: catalog.No,
		ToolResultBeside:   []string{"text", "image", "document"}, ToolResultMedia: []string{"image"},
		Reasoning: catalog.Reasoning{Supported: catalog.No},
	}
	set(&c)
	return c
}

// plain is a text model that takes tools and has no other gifts.
func plain(set func(*catalog.Capabilities)) catalog.Capabilities {
	c := catalog.Capabilities{
		Streaming: catalog.Yes, System: catalog.Yes, Tools: catalog.Yes, StreamingTools: catalog.Yes,
		Documents: catalog.No, Vision: catalog.No, Video: catalog.No, Audio: catalog.No,
		StructuredOutput: catalog.No, StrictTools: catalog.No,
		Sampling:           catalog.Sampling{Temperature: catalog.Yes, TopP: catalog.Yes, Both: catalog.Yes},
		Caching:            catalog.Caching{Explicit: catalog.No},
		Reasoning:          catalog.Reasoning{Supported: catalog.No},
		LeadingAssistantOK: catalog.No,
	}
	set(&c)
	return c
}

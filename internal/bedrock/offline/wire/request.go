// Package wire holds what the rooms of the embedded Bedrock share: a request as it was read, the catalogue and what a
// model family does, exceptions and replies.
//
// It must not decide anything. Start at [DecodeConverse] and [Catalogue].
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"outcrop/internal/bedrock/offline/shape"
)

// The types below are a request after its shapes were checked, so that the rules and the answer can be read. Members
// that are not looked at are left out.

// ConverseRequest is the body of Converse and ConverseStream.
type ConverseRequest struct {
	Messages  []Message       `json:"messages"`
	System    []ContentOf     `json:"system"`
	Inference inference       `json:"inferenceConfig"`
	Tools     *toolConfig     `json:"toolConfig"`
	Guardrail *Guardrail      `json:"guardrailConfig"`
	Native    map[string]any  `json:"additionalModelRequestFields"`
	Paths     []string        `json:"additionalModelResponseFieldPaths"`
	Variables map[string]any  `json:"promptVariables"`
	Latency   *latency        `json:"performanceConfig"`
	Tier      *tier           `json:"serviceTier"`
	Output    output          `json:"outputConfig"`
	Streamed  bool            `json:"-"`
	Has       map[string]bool `json:"-"` // members at the top level that were sent
}

// Message is a turn.
type Message struct {
	Role    string      `json:"role"`
	Content []ContentOf `json:"content"`
}

// ContentOf is one block of a message, of the system prompt or of a tool result.
type ContentOf struct {
	Text       *string           `json:"text"`
	Image      *Media            `json:"image"`
	Document   *Media            `json:"document"`
	Video      *Media            `json:"video"`
	Audio      *Media            `json:"audio"`
	ToolUse    *toolUse          `json:"toolUse"`
	ToolResult *ToolResult       `json:"toolResult"`
	Guard      *guardBlock       `json:"guardContent"`
	CachePoint *cachePoint       `json:"cachePoint"`
	Reasoning  *ReasoningBlock   `json:"reasoningContent"`
	Citations  *citationsContent `json:"citationsContent"`
	Search     *searchResult     `json:"searchResult"`
	Addition   json.RawMessage   `json:"toolAddition"`
	Removal    json.RawMessage   `json:"toolRemoval"`
	JSON       json.RawMessage   `json:"json"`
}

// Media is an image, a document, a video or audio.
type Media struct {
	Name      string     `json:"name"`
	Format    string     `json:"format"`
	Context   string     `json:"context"`
	Source    source     `json:"source"`
	Citations *citations `json:"citations"`
}

type source struct {
	Bytes []byte `json:"bytes"`
	S3    *struct {
		URI string `json:"uri"`
	} `json:"s3Location"`
	Text    *string     `json:"text"`
	Content []ContentOf `json:"content"`
}

type citations struct {
	Enabled bool `json:"enabled"`
}

type toolUse struct {
	ID    string          `json:"toolUseId"`
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
	Type  string          `json:"type"`
}

// ToolResult is what a tool has given.
type ToolResult struct {
	ID      string      `json:"toolUseId"`
	Content []ContentOf `json:"content"`
	Status  string      `json:"status"`
	Type    string      `json:"type"`
}

type guardBlock struct {
	Text *struct {
		Text string `json:"text"`
	} `json:"text"`
}

type cachePoint struct {
	TTL string `json:"ttl"`
}

// ReasoningBlock is reasoning that comes back.
type ReasoningBlock struct {
	Text *struct {
		Text      string `json:"text"`
		Signature string `json:"signature"`
	} `json:"reasoningText"`
	Redacted []byte `json:"redactedContent"`
}

type citationsContent struct {
	Content []ContentOf `json:"content"`
}

type searchResult struct {
	Title   string      `json:"title"`
	Content []ContentOf `json:"content"`
}

type inference struct {
	MaxTokens   *int     `json:"maxTokens"`
	Temperature *float64 `json:"temperature"`
	TopP        *float64 `json:"topP"`
	Stop        []string `json:"stopSequences"`
}

type toolConfig struct {
	Tools  []Tool      `json:"tools"`
	Choice *toolChoice `json:"toolChoice"`
}

// Tool is one that may be called, or a cache point among them.
type Tool struct {
	Spec *struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Schema      struct {
			JSON json.RawMessage `json:"json"`
		} `json:"inputSchema"`
		Strict bool `json:"strict"`
	} `json:"toolSpec"`
	System *struct {
		Name string `json:"name"`
	} `json:"systemTool"`
	CachePoint *cachePoint `json:"cachePoint"`
}

type toolChoice struct {
	Auto *struct{} `json:"auto"`
	Any  *struct{} `json:"any"`
	Tool *struct {
		Name string `json:"name"`
	} `json:"tool"`
}

// Guardrail names one.
type Guardrail struct {
	ID      string `json:"guardrailIdentifier"`
	Version string `json:"guardrailVersion"`
	Trace   string `json:"trace"`
	Mode    string `json:"streamProcessingMode"`
}

type latency struct {
	Latency string `json:"latency"`
}

type tier struct {
	Type string `json:"type"`
}

type output struct {
	Format *struct {
		Structure struct {
			Schema struct {
				Schema string `json:"schema"`
				Name   string `json:"name"`
			} `json:"jsonSchema"`
		} `json:"structure"`
	} `json:"textFormat"`
	Effort string `json:"effort"`
}

// DecodeAny reads exactly one JSON value, numbers as json.Number. No bytes at all count as an empty object, as a
// request without members has none.
func DecodeAny(body []byte) (any, *Exception) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, &Exception{Name: "SerializationException", Message: "The request body is not valid JSON: " + err.Error()}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, &Exception{Name: "SerializationException", Message: "The request body holds more than one JSON value."}
	}
	return v, nil
}

// DecodeConverse checks the shapes of a request and reads it.
func DecodeConverse(s *shape.Shape, body []byte, streamed bool) (*ConverseRequest, *Exception) {
	v, e := DecodeAny(body)
	if e != nil {
		return nil, e
	}
	if e := Refusal(shape.Check(s, v)); e != nil {
		return nil, e
	}
	r := &ConverseRequest{Streamed: streamed, Has: map[string]bool{}}
	for k, member := range v.(map[string]any) {
		r.Has[k] = member != nil
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(body, r); err != nil {
		return nil, &Exception{Name: "SerializationException", Message: err.Error()}
	}
	return r, nil
}

// LastUserText is the text of the newest user turn that has any, blocks joined by line feeds; "" if there is none.
func (r *ConverseRequest) LastUserText() string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if r.Messages[i].Role != "user" {
			continue
		}
		if t := strings.TrimSpace(JoinTexts(r.Messages[i].Content)); t != "" {
			return t
		}
	}
	return ""
}

// JoinTexts are the texts of blocks, a line each.
func JoinTexts(blocks []ContentOf) string {
	var texts []string
	for _, b := range blocks {
		switch {
		case b.Text != nil:
			texts = append(texts, *b.Text)
		case b.Guard != nil && b.Guard.Text != nil:
			texts = append(texts, b.Guard.Text.Text)
		}
	}
	return strings.Join(texts, "\n")
}

// Results are the tool results of the last turn, nil when it has none.
func (r *ConverseRequest) Results() []*ToolResult {
	if len(r.Messages) == 0 {
		return nil
	}
	var found []*ToolResult
	for _, b := range r.Messages[len(r.Messages)-1].Content {
		if b.ToolResult != nil {
			found = append(found, b.ToolResult)
		}
	}
	return found
}

// Caller gives the name of the tool that a result answers.
func (r *ConverseRequest) Caller(id string) string {
	for _, m := range r.Messages {
		for _, b := range m.Content {
			if b.ToolUse != nil && b.ToolUse.ID == id {
				return b.ToolUse.Name
			}
		}
	}
	return "the tool"
}

// Program go-openai talks to a running gateway through github.com/sashabaranov/go-openai, unmodified.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"os"
	"strings"

	openai "github.com/sashabaranov/go-openai"
)

var (
	model     = cmp.Or(os.Getenv("CHAT_MODEL"), "gpt-4o")
	embedding = openai.EmbeddingModel(cmp.Or(os.Getenv("EMBEDDING_MODEL"), "text-embedding-3-small"))
)

func main() {
	cfg := openai.DefaultConfig(os.Getenv("OPENAI_API_KEY"))
	cfg.BaseURL = cmp.Or(os.Getenv("OPENAI_BASE_URL"), "http://127.0.0.1:8080/v1")
	client := openai.NewClientWithConfig(cfg)
	for _, step := range []struct {
		name string
		run  func(context.Context, *openai.Client) error
	}{
		{"chat", chat}, {"stream", stream}, {"tool loop of two round trips", tools}, {"embeddings", embeddings},
		{"error", wrongModel}, {"abort in mid-stream", abort}, {"models", models},
	} {
		if err := step.run(context.Background(), client); err != nil {
			log.Fatalf("FAIL go-openai: %s: %v", step.name, err)
		}
		fmt.Println("ok   go-openai:", step.name)
	}
}

func ask(text string) openai.ChatCompletionRequest {
	return openai.ChatCompletionRequest{Model: model,
		Messages: []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleUser, Content: text}}}
}

func chat(ctx context.Context, c *openai.Client) error {
	res, err := c.CreateChatCompletion(ctx, ask("Hello!"))
	if err != nil {
		return err
	}
	if ch := res.Choices[0]; ch.FinishReason != openai.FinishReasonStop || ch.Message.Content == "" ||
		res.Usage.TotalTokens == 0 {
		return fmt.Errorf("unexpected answer: %+v", res)
	}
	return nil
}

func stream(ctx context.Context, c *openai.Client) error {
	req := ask("Hello!")
	req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
	s, err := c.CreateChatCompletionStream(ctx, req)
	if err != nil {
		return err
	}
	defer s.Close()
	var text strings.Builder
	var usage *openai.Usage
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if chunk.Usage != nil {
			usage = chunk.Usage
		}
		for _, ch := range chunk.Choices {
			text.WriteString(ch.Delta.Content)
		}
	}
	plain, err := c.CreateChatCompletion(ctx, ask("Hello!"))
	if err != nil {
		return err
	}
	if text.String() != plain.Choices[0].Message.Content || usage == nil || usage.TotalTokens != plain.Usage.TotalTokens {
		return fmt.Errorf("stream %q with usage %+v, plain %q", text.String(), usage, plain.Choices[0].Message.Content)
	}
	return nil
}

func tools(ctx context.Context, c *openai.Client) error {
	req := ask("What is the weather in Paris? Use get_weather.")
	req.Tools = []openai.Tool{{Type: openai.ToolTypeFunction, Function: &openai.FunctionDefinition{
		Name: "get_weather", Description: "Tells the weather in a city",
		Parameters: map[string]any{"type": "object", "properties": map[string]any{"city": map[string]any{"type": "string"}},
			"required": []string{"city"}},
	}}}
	first, err := c.CreateChatCompletion(ctx, req)
	if err != nil {
		return err
	}
	msg := first.Choices[0].Message
	if first.Choices[0].FinishReason != openai.FinishReasonToolCalls || len(msg.ToolCalls) != 1 ||
		!strings.Contains(msg.ToolCalls[0].Function.Arguments, `"city"`) {
		return fmt.Errorf("no tool call: %+v", first)
	}
	const weather = "18 degrees and drizzle"
	req.Messages = append(req.Messages, msg, openai.ChatCompletionMessage{Role: openai.ChatMessageRoleTool,
		ToolCallID: msg.ToolCalls[0].ID, Content: weather})
	second, err := c.CreateChatCompletion(ctx, req)
	if err != nil {
		return err
	}
	if text := second.Choices[0].Message.Content; !strings.Contains(text, weather) {
		return fmt.Errorf("the answer does not use the result: %q", text)
	}
	return nil
}

func embeddings(ctx context.Context, c *openai.Client) error {
	input := []string{"the cat sat on the mat", "a dog in the garden"}
	floats, err := c.CreateEmbeddings(ctx, openai.EmbeddingRequest{Model: embedding, Input: input})
	if err != nil {
		return err
	}
	packed, err := c.CreateEmbeddings(ctx, openai.EmbeddingRequest{Model: embedding, Input: input,
		EncodingFormat: openai.EmbeddingEncodingFormatBase64})
	if err != nil {
		return err
	}
	for i := range input {
		a, b := floats.Data[i].Embedding, packed.Data[i].Embedding
		if len(a) == 0 || len(a) != len(b) {
			return fmt.Errorf("item %d has %d and %d values", i, len(a), len(b))
		}
		for j := range a {
			if math.Abs(float64(a[j]-b[j])) > 1e-6 {
				return fmt.Errorf("item %d, value %d: %v and %v", i, j, a[j], b[j])
			}
		}
	}
	return nil
}

func wrongModel(ctx context.Context, c *openai.Client) error {
	req := ask("hi")
	req.Model = "no-such-model"
	_, err := c.CreateChatCompletion(ctx, req)
	var e *openai.APIError
	if !errors.As(err, &e) || e.HTTPStatusCode != http.StatusNotFound || e.Code != "model_not_found" || e.Param == nil ||
		*e.Param != "model" {
		return fmt.Errorf("unexpected error: %w", err)
	}
	return nil
}

func abort(ctx context.Context, c *openai.Client) error {
	aborted, cancel := context.WithCancel(ctx)
	defer cancel()
	s, err := c.CreateChatCompletionStream(aborted, ask("Slowly count to 5000, please."))
	if err != nil {
		return err
	}
	defer s.Close()
	for range 2 {
		if _, err := s.Recv(); err != nil {
			return err
		}
	}
	cancel()
	return chat(ctx, c)
}

func models(ctx context.Context, c *openai.Client) error {
	m, err := c.GetModel(ctx, model)
	if err != nil {
		return err
	}
	list, err := c.ListModels(ctx)
	if err != nil {
		return err
	}
	for _, x := range list.Models {
		if x.ID == m.ID {
			return nil
		}
	}
	return fmt.Errorf("%s is not listed", m.ID)
}

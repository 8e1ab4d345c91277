// Program openai-go talks to a running gateway through the official SDK github.com/openai/openai-go, unmodified.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

var (
	model     = cmp.Or(os.Getenv("CHAT_MODEL"), "gpt-4o")
	embedding = cmp.Or(os.Getenv("EMBEDDING_MODEL"), "text-embedding-3-small")
)

func main() {
	client := openai.NewClient(
		option.WithBaseURL(cmp.Or(os.Getenv("OPENAI_BASE_URL"), "http://127.0.0.1:8080/v1")+"/"),
		option.WithAPIKey(cmp.Or(os.Getenv("OPENAI_API_KEY"), "unused")), option.WithMaxRetries(0))
	for _, step := range []struct {
		name string
		run  func(context.Context, *openai.Client) error
	}{
		{"chat", chat}, {"stream", stream}, {"tool loop of two round trips, streamed", tools}, {"embeddings", embeddings},
		{"error", wrongModel}, {"abort in mid-stream", abort}, {"models", models},
	} {
		if err := step.run(context.Background(), &client); err != nil {
			log.Fatalf("FAIL openai-go: %s: %v", step.name, err)
		}
		fmt.Println("ok   openai-go:", step.name)
	}
}

func ask(text string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{Model: model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(text)}}
}

func chat(ctx context.Context, c *openai.Client) error {
	res, err := c.Chat.Completions.New(ctx, ask("Hello!"))
	if err != nil {
		return err
	}
	if ch := res.Choices[0]; ch.FinishReason != "stop" || ch.Message.Content == "" || !ch.Message.JSON.Refusal.Valid() &&
		ch.Message.JSON.Refusal.Raw() != "null" {
		return fmt.Errorf("unexpected answer: %s", res.RawJSON())
	}
	return nil
}

// fold runs a streamed request to its end through the SDK's own accumulator.
func fold(ctx context.Context, c *openai.Client,
	req openai.ChatCompletionNewParams) (openai.ChatCompletionAccumulator, error) {
	var acc openai.ChatCompletionAccumulator
	s := c.Chat.Completions.NewStreaming(ctx, req)
	defer s.Close()
	for s.Next() {
		if !acc.AddChunk(s.Current()) {
			return acc, fmt.Errorf("the accumulator refuses %s", s.Current().RawJSON())
		}
	}
	return acc, s.Err()
}

func stream(ctx context.Context, c *openai.Client) error {
	req := ask("Hello!")
	req.StreamOptions.IncludeUsage = openai.Bool(true)
	acc, err := fold(ctx, c, req)
	if err != nil {
		return err
	}
	plain, err := c.Chat.Completions.New(ctx, ask("Hello!"))
	if err != nil {
		return err
	}
	if acc.Choices[0].Message.Content != plain.Choices[0].Message.Content ||
		acc.Usage.TotalTokens != plain.Usage.TotalTokens {
		return fmt.Errorf("stream %q (%d tokens), plain %q (%d tokens)", acc.Choices[0].Message.Content,
			acc.Usage.TotalTokens,
			plain.Choices[0].Message.Content, plain.Usage.TotalTokens)
	}
	return nil
}

func tools(ctx context.Context, c *openai.Client) error {
	req := ask("What is the weather in Paris? Use get_weather.")
	req.Tools = []openai.ChatCompletionToolUnionParam{openai.ChatCompletionFunctionTool(openai.FunctionDefinitionParam{
		Name: "get_weather", Description: openai.String("Tells the weather in a city"),
		Parameters: openai.FunctionParameters{"type": "object",
			"properties": map[string]any{"city": map[string]any{"type": "string"}}, "required": []string{"city"}},
	})}
	first, err := fold(ctx, c, req)
	if err != nil {
		return err
	}
	msg := first.Choices[0].Message
	if first.Choices[0].FinishReason != "tool_calls" || len(msg.ToolCalls) != 1 ||
		!strings.Contains(msg.ToolCalls[0].Function.Arguments, `"city"`) {
		return fmt.Errorf("no tool call: %+v", first.Choices)
	}
	const weather = "18 degrees and drizzle"
	req.Messages = append(req.Messages, msg.ToParam(), openai.ToolMessage(weather, msg.ToolCalls[0].ID))
	second, err := fold(ctx, c, req)
	if err != nil {
		return err
	}
	if text := second.Choices[0].Message.Content; !strings.Contains(text, weather) {
		return fmt.Errorf("the answer does not use the result: %q", text)
	}
	return nil
}

func embeddings(ctx context.Context, c *openai.Client) error {
	res, err := c.Embeddings.New(ctx, openai.EmbeddingNewParams{Model: embedding,
		Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"the cat sat on the mat",
			"a dog in the garden"}}})
	if err != nil {
		return err
	}
	if len(res.Data) != 2 || res.Data[1].Index != 1 || len(res.Data[0].Embedding) == 0 || res.Usage.PromptTokens == 0 {
		return fmt.Errorf("unexpected answer: %.200s", res.RawJSON())
	}
	return nil
}

func wrongModel(ctx context.Context, c *openai.Client) error {
	req := ask("hi")
	req.Model = "no-such-model"
	_, err := c.Chat.Completions.New(ctx, req)
	var e *openai.Error
	if !errors.As(err, &e) || e.StatusCode != http.StatusNotFound || e.Code != "model_not_found" || e.Param != "model" {
		return fmt.Errorf("unexpected error: %w", err)
	}
	return nil
}

func abort(ctx context.Context, c *openai.Client) error {
	aborted, cancel := context.WithCancel(ctx)
	defer cancel()
	s := c.Chat.Completions.NewStreaming(aborted, ask("Slowly count to 5000, please."))
	defer s.Close()
	for range 2 {
		if !s.Next() {
			return fmt.Errorf("the stream ended early: %w", s.Err())
		}
	}
	cancel()
	return chat(ctx, c)
}

func models(ctx context.Context, c *openai.Client) error {
	m, err := c.Models.Get(ctx, model)
	if err != nil {
		return err
	}
	for it := c.Models.ListAutoPaging(ctx); it.Next(); {
		if it.Current().ID == m.ID {
			return nil
		}
	}
	return fmt.Errorf("%s is not listed", m.ID)
}

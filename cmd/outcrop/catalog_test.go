package main_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// TestMendC9RowsOfTheConfigurationCanBeTriedOffline asks for models that nobody but the configuration knows, as the
// recipe for adding a model does.
func TestMendC9RowsOfTheConfigurationCanBeTriedOffline(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outcrop.yaml")
	if err := os.WriteFile(path, []byte(`audit: {enabled: false}
models:
  catalog:
    acme.rocket-1: {kind: chat, converse: true}
    amazon.nova-lite-v9:0: {like: amazon.nova-lite-v1:0, profiles: [us.amazon.nova-lite-v9:0], profile_required: true}
    amazon.titan-embed-text-v9:0: {like: amazon.titan-embed-text-v2:0}
    amazon.nova-micro-v1:0: {capabilities: {system: false}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, nil, "serve", "--offline", "--addr", "127.0.0.1:0", "--config", path)
	for _, ask := range []struct{ path, body, want string }{
		{"chat/completions", `{"model":"acme.rocket-1","messages":[{"role":"user","content":"Hello!"}]}`,
			`"finish_reason":"stop"`},
		{"chat/completions", `{"model":"amazon.nova-lite-v9:0","messages":[{"role":"user","content":"Hello!"}]}`,
			`"finish_reason":"stop"`},
		{"embeddings", `{"model":"amazon.titan-embed-text-v9:0","input":"Hello!","dimensions":256}`, `"embedding":`},
		{"chat/completions", `{"model":"acme.rocket-2","messages":[{"role":"user","content":"Hello!"}]}`,
			`"model_not_found"`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/"+ask.path,
			strings.NewReader(ask.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("content-type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !strings.Contains(string(body), ask.want) {
			t.Errorf("%s: %d %s, %v", ask.body, res.StatusCode, body, err)
		}
	}
}

// TestMendC9TheEmbeddedBedrockPlaysAnyRegion: the real SDK client is the judge.
func TestMendC9TheEmbeddedBedrockPlaysAnyRegion(t *testing.T) {
	r := start(t, nil, "bedrock", "--addr", "127.0.0.1:0", "--region", "eu-central-1")
	client := bedrockruntime.New(bedrockruntime.Options{
		Region: "eu-central-1", BaseEndpoint: &r.url, Credentials: credentials.NewStaticCredentialsProvider("offline",
			"offline", ""),
	})
	for id, served := range map[string]bool{"eu.anthropic.claude-sonnet-4-5-20250929-v1:0": true,
		"us.anthropic.claude-sonnet-4-5-20250929-v1:0": false} {
		_, err := client.Converse(context.Background(), &bedrockruntime.ConverseInput{
			ModelId: aws.String(id),
			Messages: []types.Message{{Role: types.ConversationRoleUser,
				Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: "count to 3"}}}},
		})
		if (err == nil) != served {
			t.Errorf("%s: %v", id, err)
		}
	}
}

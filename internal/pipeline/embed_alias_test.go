package pipeline

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/attempt"
	"outcrop/internal/call"
	"outcrop/internal/catalog"
	"outcrop/internal/telemetry"
	"outcrop/openai"
	"outcrop/router"
)

// asked is a service that keeps the last body.
type asked struct{ body string }

func (a *asked) InvokeModel(_ context.Context, in *bedrockruntime.InvokeModelInput) (*bedrockruntime.InvokeModelOutput,
	int64, error) {
	a.body = string(in.Body)
	return &bedrockruntime.InvokeModelOutput{Body: []byte(`{"embeddings":[[1]]}`)}, 1, nil
}

func TestInputTypeOfTheAlias(t *testing.T) {
	r, err := router.New(router.Config{
		Aliases: map[string]string{"docs": "cohere.embed-english-v3"}, InputTypes: map[string]string{"docs": "clustering"},
	}, catalog.Default(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	asks := &asked{}
	handle := New(Config{Deadline: time.Minute, EmbeddingCalls: 8}, Collaborators{
		Recorder: telemetry.New(), Router: r, Catalog: r,
		Services: func(catalog.Target) (attempt.Service, error) { return asks, nil },
	})
	for model, want := range map[string]string{"docs": `"clustering"`, "cohere.embed-english-v3": `"search_document"`} {
		req, fault := openai.DecodeEmbedding([]byte(`{"model":"` + model + `","input":"x"}`))
		if fault != nil {
			t.Fatal(fault)
		}
		if _, err := handle(t.Context(), &call.Call{ID: "id", At: time.Now(), Endpoint: Embeddings,
			Request: req}); err != nil || !strings.Contains(asks.body, want) {
			t.Errorf("R-EMB-11 %s: %s, error %v", model, asks.body, err)
		}
	}
}

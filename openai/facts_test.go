package openai

import (
	"reflect"
	"testing"
)

func TestFacts(t *testing.T) {
	chat := func(body string) Request {
		r, err := DecodeChat([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	embedding, bad := DecodeEmbedding([]byte(`{"model":"e","input":"x","user":"ann"}`))
	moderation, worse := DecodeModeration([]byte(`{"input":"x"}`))
	if bad != nil || worse != nil {
		t.Fatal(bad, worse)
	}
	limit, zero := int64(7), 0.0
	for name, tt := range map[string]struct {
		of   Request
		want Facts
	}{
		"bare": {chat(`{"model":"m"}`), Facts{Model: "m", Choices: 1, Writes: true}},
		"everything": {chat(`{"model":"m","stream":true,"stream_options":{"include_usage":true},"n":3,"max_tokens":9,"max_completion_tokens":7,
			"response_format":{"type":"json_object"},"temperature":0,"service_tier":"flex","prompt_cache_key":"k","prompt_cache_retention":"24h",
			"metadata":{"a":"b"},"user":"ann","safety_identifier":"bob","tools":[{"type":"function","function":{"name":"f","parameters":{"a":1}}}]}`),
			Facts{Model: "m", User: "bob", Stream: true, Usage: true, JSON: true, Choices: 3, Writes: true, OutputLimit: &limit,
				SchemaBytes: 7,
				Temperature: &zero, ServiceTier: "flex", Affinity: "k", CacheHour: true, Metadata: map[string]string{"a": "b"}}},
		"the older names": {chat(`{"model":"m","max_tokens":7,"user":"ann","prompt_cache_options":{"ttl":"30m"},"topK":1}`),
			Facts{Model: "m", User: "ann", Choices: 1, Writes: true, OutputLimit: &limit, CacheHour: true,
				Extensions: []string{"top_k"}}},
		"embeddings":  {embedding, Facts{Model: "e", User: "ann", Usage: true, Choices: 1}},
		"moderations": {moderation, Facts{Model: DefaultModerationModel, Choices: 1}},
	} {
		if got := tt.of.Facts(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}

package bedrock

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go/auth/bearer"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A preference for bearer tokens where there is none: the SDK would call a provider that it does not have.
func TestMendA7APreferenceForBearerTokensWithoutOneLeavesTheNextScheme(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_AUTH_SCHEME_PREFERENCE", "httpBearerAuth")
	var authorization string
	client, _ := against(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		reply(w, plainReply)
	}))
	if _, err := client.Converse(t.Context(), plainInput()); err != nil ||
		!strings.HasPrefix(authorization, "AWS4-HMAC-SHA256") {
		t.Errorf("a call: %v, authorization %.30q", err, authorization)
	}
	authorization = ""
	if _, err := client.bedrock.Listing(t.Context()); !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256") {
		t.Errorf("the control plane: %v, authorization %.30q", err, authorization)
	}
	authorization = ""
	if _, err := client.bedrock.Guardrails().api.ApplyGuardrail(t.Context(), &bedrockruntime.ApplyGuardrailInput{
		GuardrailIdentifier: aws.String("g"), GuardrailVersion: aws.String("1"), Source: types.GuardrailContentSourceInput,
		Content: []types.GuardrailContentBlock{},
	}); !strings.HasPrefix(authorization, "AWS4-HMAC-SHA256") {
		t.Errorf("a guardrail: %v, authorization %.30q", err, authorization)
	}
}

// What cannot work is found at the start, and not by the first caller.
func TestMendA7ATokenThatCannotBeHadIsFoundAtTheStart(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_REGION", "us-east-1")
	t.Setenv("AWS_AUTH_SCHEME_PREFERENCE", "httpBearerAuth")
	none := bearer.TokenProviderFunc(func(context.Context) (bearer.Token, error) {
		return bearer.Token{},
			errors.New("the session is over")
	})
	_, err := New(t.Context(), Default(), config.WithBearerAuthTokenProvider(none))
	if err == nil || !strings.Contains(err.Error(), "the session is over") || !strings.Contains(err.Error(),
		"AWS_AUTH_SCHEME_PREFERENCE") {
		t.Errorf("error %v", err)
	}
	_, err = New(t.Context(), Default())
	namesBothWays(t, err, "AWS_ACCESS_KEY_ID")
}

func TestBearerKey(t *testing.T) {
	signer := bearerSigner{bearer.NewSignHTTPSMessage()}
	for url, sent := range map[string]bool{
		"https://bedrock-runtime.us-east-1.amazonaws.com/": true,
		"http://127.0.0.1:9000/":                           true,
		"http://[::1]:9000/":                               true,
		"http://localhost:9000/":                           true,
		"http://10.0.0.1/":                                 false,
		"http://bedrock.example/":                          false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := signer.SignWithBearerToken(t.Context(), bearer.Token{Value: "key"}, &smithyhttp.Request{Request: r})
		if (err == nil) != sent {
			t.Errorf("%s: error %v", url, err)
		} else if sent && got.(*smithyhttp.Request).Header.Get("authorization") != "Bearer key" {
			t.Errorf("%s: header %q", url, got.(*smithyhttp.Request).Header.Get("authorization"))
		}
	}
}

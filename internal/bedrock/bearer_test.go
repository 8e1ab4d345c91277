package bedrock

import (
	"net/http"
	"testing"

	"github.com/aws/smithy-go/auth/bearer"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

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

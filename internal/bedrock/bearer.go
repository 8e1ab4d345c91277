package bedrock

import (
	"context"
	"net"
	"slices"

	"github.com/aws/smithy-go/auth/bearer"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// schemeBearer is the SDK's name of calls with an API key or token, as in AWS_AUTH_SCHEME_PREFERENCE.
const schemeBearer = "httpBearerAuth" //nolint:gosec // a name, not a credential

// possible gives a preference without the bearer scheme where there is no token: the SDK takes the first scheme of the
// list that the service knows, whether there is anything to sign with or not, and calls the provider that it does not
// have. What stays is what "preference" promises: the next one is used.
func possible(preference []string, tokens bearer.TokenProvider) []string {
	if tokens != nil {
		return preference
	}
	return slices.DeleteFunc(slices.Clone(preference), func(scheme string) bool { return scheme == schemeBearer })
}

// bearerSigner sends a Bedrock API key over HTTPS, as the SDK does, and over plain HTTP to a loopback address, which
// the SDK refuses: a key that does not leave the host cannot be overheard, and a stand-in for Bedrock on loopback
// speaks plain HTTP.
type bearerSigner struct{ https bearer.Signer }

// SignWithBearerToken puts the key into the request.
func (s bearerSigner) SignWithBearerToken(ctx context.Context, token bearer.Token,
	message bearer.Message) (bearer.Message, error) {
	req, ok := message.(*smithyhttp.Request)
	if !ok || req.URL.Scheme != "http" || !loopback(req.URL.Hostname()) {
		return s.https.SignWithBearerToken(ctx, token, message)
	}
	signed := req.Clone()
	signed.Header.Set("Authorization", "Bearer "+token.Value)
	return signed, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

package bedrock

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/schemas"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/auth/bearer"
	"github.com/aws/smithy-go/middleware"
)

// verb is a call that the thin transport knows how to send.
type verb struct {
	schema *smithy.OperationSchema
	sample func(ctx context.Context, c *bedrockruntime.Client, model *string, o func(*bedrockruntime.Options)) error
}

var (
	verbConverse = verb{
		smithy.NewOperationSchema(schemas.Converse, schemas.ConverseRequest, schemas.ConverseResponse),
		func(ctx context.Context, c *bedrockruntime.Client, model *string, o func(*bedrockruntime.Options)) error {
			_, err := c.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: model}, o)
			return err
		},
	}
	verbStream = verb{
		smithy.NewOperationSchema(schemas.ConverseStream, schemas.ConverseStreamRequest, schemas.ConverseStreamResponse),
		func(ctx context.Context, c *bedrockruntime.Client, model *string, o func(*bedrockruntime.Options)) error {
			_, err := c.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: model}, o)
			return err
		},
	}
	verbInvoke = verb{
		smithy.NewOperationSchema(schemas.InvokeModel, schemas.InvokeModelRequest, schemas.InvokeModelResponse),
		func(ctx context.Context, c *bedrockruntime.Client, model *string, o func(*bedrockruntime.Options)) error {
			_, err := c.InvokeModel(ctx, &bedrockruntime.InvokeModelInput{ModelId: model}, o)
			return err
		},
	}
)

// pattern is what all requests of one client and verb have in common: read off a request that the SDK has prepared and
// that was never sent, so that endpoints, scope of the signature, kind of authentication and user agent are the SDK's.
type pattern struct {
	options  bedrockruntime.Options
	verb     *verb
	base     url.URL     // scheme, host, and the path before the operation's own
	after    string      // of the path, behind the model
	header   http.Header // what each request carries the same; its slices are shared, and must not be written to
	region   string      // of the signature
	service  string      // of the signature; "" where calls carry an API key
	validate middleware.InitializeMiddleware
}

// lazyPattern is a pattern that is made when it is first needed.
type lazyPattern struct {
	once sync.Once
	is   *pattern
}

// of gives the pattern, or nil where a request could not be understood: its calls are the SDK's from end to end.
func (l *lazyPattern) of(c *bedrockruntime.Client, v *verb) *pattern {
	l.once.Do(func() { l.is, _ = learn(c, v) })
	return l.is
}

// Stand-ins for what changes from call to call.
const (
	sampleModel = "outcrop"
	sampleKey   = "AKIDEXAMPLE"
)

var errNotSent = errors.New("a request that is only looked at")

// learn has the SDK prepare a request, with credentials of nobody: nothing is fetched and nothing is sent for it.
func learn(c *bedrockruntime.Client, v *verb) (*pattern, error) {
	p := &pattern{options: c.Options(), verb: v}
	var seen *http.Request
	err := v.sample(context.Background(), c, aws.String(sampleModel), func(o *bedrockruntime.Options) {
		o.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
			seen = r
			return nil, errNotSent
		})
		o.Retryer = aws.NopRetryer{}
		if o.Credentials != nil {
			// A provider of a known kind would show in the user agent.
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: sampleKey, SecretAccessKey: sampleKey}, nil
			})
		}
		if o.BearerAuthTokenProvider != nil {
			o.BearerAuthTokenProvider = bearer.StaticTokenProvider{Token: bearer.Token{Value: sampleKey}}
		}
		o.APIOptions = append(o.APIOptions[:len(o.APIOptions):len(o.APIOptions)], func(s *middleware.Stack) error {
			p.validate, _ = s.Initialize.Get("OperationInputValidation")
			return nil
		})
	})
	if seen == nil {
		return nil, err
	}
	return p, p.read(seen)
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }

// read takes a prepared request apart.
func (p *pattern) read(r *http.Request) error {
	before, after, ok := strings.Cut(r.URL.Path, "/model/"+sampleModel)
	if !ok || p.validate == nil || r.URL.RawQuery != "" || r.Host != "" && r.Host != r.URL.Host {
		return errors.New("unexpected form of request")
	}
	p.after = after
	p.base = url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: before}
	if strings.Contains(before, "%") || p.base.EscapedPath() != before {
		return errors.New("base path that must be escaped")
	}
	scope, signed := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="+sampleKey+"/")
	switch parts := strings.Split(scope, "/"); {
	case signed && len(parts) > 3:
		p.region, p.service = parts[1], parts[2]
	case r.Header.Get("Authorization") != "Bearer "+sampleKey:
		return errors.New("unexpected form of authentication")
	}
	p.header = maps.Clone(r.Header)
	for _, name := range []string{"Authorization", "X-Amz-Date", "Content-Length", "Amz-Sdk-Invocation-Id"} {
		p.header.Del(name)
	}
	p.header["Amz-Sdk-Request"] = []string{"attempt=1; max=" + strconv.Itoa(p.options.Retryer.MaxAttempts())}
	return nil
}

// valid tells whether the SDK would send the input.
func (p *pattern) valid(ctx context.Context, in any) bool {
	_, _, err := p.validate.HandleInitialize(ctx, middleware.InitializeInput{Parameters: in}, passes{})
	return err == nil
}

type passes struct{}

func (passes) HandleInitialize(context.Context, middleware.InitializeInput) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	return middleware.InitializeOutput{}, middleware.Metadata{}, nil
}

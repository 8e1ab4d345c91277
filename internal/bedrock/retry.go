package bedrock

import (
	"context"
	"errors"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// again says how often the same target is worth another try.
type again uint8

const (
	unjudged again = iota // not an answer of AWS: the SDK's own rules for connections decide
	never
	once // the model has worked long or badly: a second try may help, a third is a waste
	always
)

// newRetryer gives the SDK's standard retryer (exponential backoff with jitter, a bucket of tokens that calms a client
// down when everything fails), judging by the error table. maxAttempts 0 is the SDK's default; may is asked before each
// further try.
func newRetryer(maxAttempts int, may *func(context.Context, error) bool) aws.Retryer {
	return retryer{may: may, Standard: retry.NewStandard(func(o *retry.StandardOptions) {
		if maxAttempts > 0 {
			o.MaxAttempts = maxAttempts
		}
		// Cancellation and clock skew stay with the SDK, which must see them first.
		o.Retryables = append([]retry.IsErrorRetryable{
			retry.NoRetryCanceledError{}, skewed{}, retry.IsErrorRetryableFunc(judge),
		}, retry.DefaultRetryables...)
	})}
}

// judge answers for errors that the table knows.
func judge(err error) aws.Ternary {
	switch retryOf(err) {
	case never:
		return aws.FalseTernary
	case once, always:
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// skewed lets the SDK repeat a call whose signature was refused because of a wrong clock, which it corrects.
type skewed struct{}

func (skewed) IsErrorRetryable(err error) aws.Ternary {
	if (retry.RetryableError{}).IsErrorRetryable(err) == aws.TrueTernary {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// retryer is the standard one with a memory for errors that deserve one more try only.
type retryer struct {
	*retry.Standard
	may *func(context.Context, error) bool // nil, or nil behind it: always; retryers can be compared, functions cannot
}

var (
	errTriedAgain = errors.New("tried once more already")
	errNoRetry    = errors.New("no further try within the retry budget")
)

// GetRetryToken is asked before each further try; the error that it gives is joined to the one that AWS sent.
func (r retryer) GetRetryToken(ctx context.Context, err error) (func(error) error, error) {
	if c := callOf(ctx); c != nil && retryOf(err) == once {
		if c.again {
			return nil, errTriedAgain
		}
		c.again = true
	}
	token, empty := r.Standard.GetRetryToken(ctx, err)
	if empty == nil && r.may != nil && *r.may != nil && !(*r.may)(ctx, new(Client).fault(ctx, err)) {
		return nil, errors.Join(errNoRetry, token(nil))
	}
	if c := callOf(ctx); c != nil && empty == nil {
		c.sent.Store(false) // of the next try
	}
	return token, empty
}

// call is what one call remembers over its tries; retryer and middleware are shared by all calls of a client.
type call struct {
	again  bool    // an error that is worth one more try has had it
	stream *stream // where the first event goes, nil for a plain call

	held     *held // outcome of a first try that the SDK did not make, until the SDK asks for it
	identity error // why that try had no credentials

	sent  atomic.Bool // the head of the current try's request was written
	trace httptrace.ClientTrace
}

type callKey struct{}

// withCall also has the transport tell when it writes a request's head. A connection that is taken for a second time,
// because the first was closed meanwhile, begins anew.
func withCall(ctx context.Context, c *call) context.Context {
	c.trace.GetConn = func(string) { c.sent.Store(false) }
	c.trace.WroteHeaders = func() { c.sent.Store(true) }
	return context.WithValue(httptrace.WithClientTrace(ctx, &c.trace), callKey{}, c)
}

func callOf(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

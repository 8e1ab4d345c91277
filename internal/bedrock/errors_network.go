package bedrock

import (
	"context"
	"errors"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// brokenOff is a failure of the connection: it was never made, or it was lost before the answer (R-ERR-45). Whether the
// head of the request was written tells the two apart, whatever stood in between: a name that is not known, a port that
// is closed, a certificate that is not trusted, a proxy that refuses.
func brokenOff(err error) bool {
	var send *smithyhttp.RequestSendError
	return errors.As(err, &send)
}

// sent tells whether the head of the current try's request was written; of a context of no call it is true, which is
// the careful answer.
func sent(ctx context.Context) bool {
	c := callOf(ctx)
	return c == nil || c.sent.Load()
}

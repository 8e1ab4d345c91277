package bedrock

import (
	"context"
	"net/http"
	"strconv"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"outcrop/internal/catalog"
)

// tokenCountHeader carries the number of input tokens of InvokeModel, which no body of an embedding family has.
const tokenCountHeader = "X-Amzn-Bedrock-Input-Token-Count"

// Client calls Bedrock for one target. Its errors are always *openai.Error, with UpstreamID set where AWS gave one;
// where the context has ended they wrap the context's error.
type Client struct {
	bedrock *Bedrock
	api     *bedrockruntime.Client
	placed  *placed
	target  catalog.Target
	region  string
}

// Converse makes a plain call. Blocks that the SDK cannot decode are left out of the answer and counted (R-GEN-10).
// The request id of AWS is in out.ResultMetadata.
func (c *Client) Converse(ctx context.Context,
	in *bedrockruntime.ConverseInput) (*bedrockruntime.ConverseOutput, error) {
	ctx, cancel := c.plain(ctx)
	defer cancel()
	out := c.converse(ctx, in)
	if out == nil {
		defer callOf(ctx).drop()
		var err error
		if out, err = c.api.Converse(ctx, in); err != nil {
			return nil, c.fault(ctx, err)
		}
	}
	if m, ok := out.Output.(*types.ConverseOutputMemberMessage); ok {
		c.bedrock.clearUnknownBlocks(&m.Value)
	}
	c.bedrock.knownStop(out.StopReason)
	return out, nil
}

// InvokeModel makes a call with a body in the model's own format. inputTokens is what the reply's header counts, or -1.
func (c *Client) InvokeModel(ctx context.Context, in *bedrockruntime.InvokeModelInput) (
	out *bedrockruntime.InvokeModelOutput, inputTokens int64, err error,
) {
	ctx, cancel := c.plain(ctx)
	defer cancel()
	if out, inputTokens = c.invoke(ctx, in); out != nil {
		return out, inputTokens, nil
	}
	defer callOf(ctx).drop()
	out, err = c.api.InvokeModel(ctx, in)
	if err != nil {
		return nil, -1, c.fault(ctx, err)
	}
	inputTokens = -1
	if raw, ok := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); ok {
		inputTokens = tokenCount(raw.Header)
	}
	return out, inputTokens, nil
}

// plain gives a call its limit of time and its memory of tries.
func (c *Client) plain(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = withCall(ctx, &call{})
	if limit := c.bedrock.cfg.CallTimeout; limit > 0 {
		return context.WithTimeout(ctx, limit)
	}
	return ctx, func() {}
}

func tokenCount(h http.Header) int64 {
	n, err := strconv.ParseInt(h.Get(tokenCountHeader), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

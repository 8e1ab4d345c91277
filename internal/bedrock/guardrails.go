package bedrock

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/catalog"
)

// Guardrails gives the client of the gateway's own region for the verbs that look at texts without asking a model.
func (b *Bedrock) Guardrails() *Client {
	p := place{region: b.aws.Region}
	return &Client{bedrock: b, api: b.client(p).Client, target: catalog.Target{Row: &catalog.Model{}}, region: p.region}
}

// ApplyGuardrail holds texts against a guardrail of the account.
func (c *Client) ApplyGuardrail(ctx context.Context,
	in *bedrockruntime.ApplyGuardrailInput) (*bedrockruntime.ApplyGuardrailOutput, error) {
	ctx, cancel := c.plain(ctx)
	defer cancel()
	out, err := c.api.ApplyGuardrail(ctx, in)
	if err != nil {
		return nil, c.fault(ctx, err)
	}
	return out, nil
}

// InvokeGuardrailChecks makes checks that need no guardrail: content filters, prompt attacks, sensitive information.
func (c *Client) InvokeGuardrailChecks(ctx context.Context,
	in *bedrockruntime.InvokeGuardrailChecksInput) (*bedrockruntime.InvokeGuardrailChecksOutput, error) {
	ctx, cancel := c.plain(ctx)
	defer cancel()
	out, err := c.api.InvokeGuardrailChecks(ctx, in)
	if err != nil {
		return nil, c.fault(ctx, err)
	}
	if out.Results == nil {
		return nil, c.fault(ctx, errEmpty)
	}
	return out, nil
}

package bedrock

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	control "github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/smithy-go/auth/bearer"
	"github.com/aws/smithy-go/logging"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// How long the control plane's word is kept (R-CAP-04), and of how many profiles: ARNs come from clients.
const (
	profileKept    = 24 * time.Hour
	profileRefused = 5 * time.Minute
	profileWithin  = 10 * time.Second
	maxProfiles    = 1024
)

// profiles remembers which model stands behind an inference profile.
type profiles struct {
	mu    sync.Mutex
	known map[string]*profile
}

// profile is the word on one ARN. turn lets one lookup at a time through; who holds it may read and write the rest.
type profile struct {
	turn  chan struct{}
	until time.Time
	model string
	err   *openai.Error
}

// word gives the answer; an error is copied, because its receiver may write into it.
func (p *profile) word() (string, error) {
	if p.err == nil {
		return p.model, nil
	}
	e := *p.err
	return "", &e
}

// BaseModel gives the id of the model behind an inference profile's ARN, such as
// "anthropic.claude-sonnet-4-5-20250929-v1:0", as the control plane of the ARN's region tells it. Answers are kept for
// 24 hours, failures for five minutes. The error is an *openai.Error.
func (b *Bedrock) BaseModel(ctx context.Context, profileARN string) (string, error) {
	parsed, err := arn.Parse(profileARN)
	if err != nil || parsed.Service != "bedrock" || !strings.Contains(parsed.Resource, "inference-profile/") {
		return "", openai.Invalidf(openai.CodeInvalidValue, "model", "The model id is not the ARN of an inference profile.")
	}
	if err := checkRegion(parsed.Region); err != nil {
		return "", err
	}
	ctx = withCall(ctx, &call{})
	p := b.profiles.of(profileARN)
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return "", b.controlFault(ctx, ctx.Err())
	}
	if time.Now().Before(p.until) {
		return p.word()
	}
	model, err := b.lookUp(ctx, profileARN, parsed.Region)
	if ctx.Err() != nil {
		return "", b.controlFault(ctx, err) // says nothing about the profile, so the next caller asks again
	}
	p.model, p.err, p.until = model, nil, time.Now().Add(profileKept)
	if err != nil {
		p.err, p.until = b.controlFault(ctx, err), time.Now().Add(profileRefused)
	}
	return p.word()
}

func (b *Bedrock) controlFault(ctx context.Context, err error) *openai.Error {
	c := Client{bedrock: b, target: catalog.Target{Row: &catalog.Model{}}}
	return c.fault(ctx, err)
}

func (b *Bedrock) lookUp(ctx context.Context, profileARN, region string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, profileWithin)
	defer cancel()
	out, err := b.control(region).GetInferenceProfile(ctx,
		&control.GetInferenceProfileInput{InferenceProfileIdentifier: &profileARN})
	if err != nil {
		return "", err
	}
	if id := modelOf(out.Models); id != "" {
		return id, nil
	}
	return "", fmt.Errorf("inference profile without a foundation model: %w", errEmpty)
}

// control gives a client of the control plane. One is made for each look-up: they are rare, and the connections are the
// pool's.
func (b *Bedrock) control(region string) *control.Client {
	return control.NewFromConfig(b.aws, func(o *control.Options) {
		o.Region, o.HTTPClient, o.Logger = region, b.http, logging.Nop{}
		o.BearerAuthSigner = bearerSigner{bearer.NewSignHTTPSMessage()}
		if o.Credentials != nil {
			id := b.identityOf(o.Credentials)
			o.Credentials, o.APIOptions = id, append(slices.Clone(o.APIOptions), b.renewing(id, region))
		}
		o.AuthSchemePreference = possible(o.AuthSchemePreference, o.BearerAuthTokenProvider)
		o.Retryer, o.RetryMaxAttempts = newRetryer(b.cfg.MaxAttempts, nil), 0
	})
}

// modelOf gives the id of the model in a profile: all its regions have the same one. It is the end of ARNs such as
// arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-….
func modelOf(models []types.InferenceProfileModel) string {
	for _, m := range models {
		if _, id, ok := strings.Cut(aws.ToString(m.ModelArn), "foundation-model/"); ok {
			return id
		}
	}
	return ""
}

// of gives the entry of an ARN. When there are too many, any of the others makes room.
func (p *profiles) of(name string) *profile {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[string]*profile{}
	}
	if e := p.known[name]; e != nil {
		return e
	}
	for old := range p.known {
		if len(p.known) < maxProfiles {
			break
		}
		delete(p.known, old)
	}
	e := &profile{turn: make(chan struct{}, 1)}
	p.known[name] = e
	return e
}

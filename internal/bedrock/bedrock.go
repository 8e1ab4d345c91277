// Package bedrock is Bedrock's side of the waist, and the only owner of AWS SDK clients: one per region and role, made
// when they are first needed and kept. Here are the verbs (Converse, ConverseStream, InvokeModel), every retry of the
// same target, the connection pool, and the one table that turns AWS errors into *openai.Error.
//
// It must not know of OpenAI's requests or answers, choose another target, or read the environment itself: the SDK does
// that, so that profiles, SSO, roles, API keys, endpoints, FIPS and dual-stack work as AWS users expect. Nothing
// outside this package may depend on how the bytes travel.
//
// Start at New, then client.go (the verbs), thin.go (how a first try travels), stream.go (the stream), errors.go (the
// table) and retry.go.
package bedrock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/auth/bearer"
	"github.com/aws/smithy-go/logging"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// Config is how Bedrock is reached. Whatever is not here is taken from AWS's own settings.
type Config struct {
	// "" leaves it to AWS_REGION or the profile
	Region string `yaml:"region"`
	// idle connections kept per host; busy ones are not limited
	PoolConnections int `yaml:"pool_connections" validate:"min=1"`
	// tries per call, the first included; 0 is AWS's setting, else 3
	MaxAttempts int `yaml:"max_attempts" validate:"min=0,max=100"`
	// how a call's first try travels: "thin" without the SDK's middleware, "sdk" with it; further tries are the SDK's
	Transport string `yaml:"transport" validate:"oneof=thin sdk"`
	// limit of a plain call with all its tries; 0 none
	CallTimeout time.Duration `yaml:"call_timeout" validate:"min=0"`
	// longest silence between two events of a stream (R-STR-19)
	StreamIdle time.Duration `yaml:"stream_idle" validate:"gt=0"`

	// MayRetry is asked before each further try of a call that failed with err, an *openai.Error; false makes that the
	// answer. ctx is that of the call. nil allows every try that MaxAttempts does.
	MayRetry func(ctx context.Context, err error) bool `yaml:"-" validate:"-"`
	// OnUnknown is told of each thing in a reply that this SDK cannot decode and that was left out: "content_block",
	// "delta" or "event"; of a "stop_reason" that it has no name for; and of "usage_missing", a stream that stopped and
	// never told its usage. It may be nil, and is called from many goroutines.
	OnUnknown func(kind string) `yaml:"-" validate:"-"`
	// OnCredentials is told of what becomes of the gateway's own credentials, as one of the Credentials words, and why. It
	// may be nil, and is called from many goroutines.
	OnCredentials func(event string, err error) `yaml:"-" validate:"-"`
}

// defaultTransport is set to "sdk" by the linker in the second run of the tests (see Makefile).
var defaultTransport = TransportThin

// Default is a configuration that suits one busy host.
func Default() Config {
	return Config{Transport: defaultTransport, PoolConnections: 512, CallTimeout: 10 * time.Minute, StreamIdle: 5 * time.Minute}
}

const (
	credentialsWithin = 10 * time.Second // a start must not hang while instance metadata does not answer
	maxClients        = 256              // regions come from clients' ARNs, so the map must not grow without end
)

// regionName keeps what comes out of a client's ARN from becoming a host name of its choice.
var regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z0-9]+){1,4}$`)

// Bedrock holds the clients. It is safe for concurrent use.
type Bedrock struct {
	cfg      Config
	aws      aws.Config
	http     *exchangeable // one pool for all clients: connections carry no identity, requests do
	wallet   *wallet
	profiles profiles
	signer   *v4.Signer // of the thin transport
	clock    clock

	mu      sync.RWMutex
	clients map[place]*placed
}

// place is what a client is made for.
type place struct{ region, role string }

// placed is the client of a place.
type placed struct {
	*bedrockruntime.Client
	own      bool                   // calls are signed with the gateway's own credentials
	patterns map[*verb]*lazyPattern // nil: every call is the SDK's
}

// New finds region and credentials in the way of AWS's tools and fails at once when there are none. The options, if
// any, are handed to the SDK's loader last.
func New(ctx context.Context, cfg Config, load ...func(*config.LoadOptions) error) (*Bedrock, error) {
	// the SDK's own writes unstructured lines to stderr
	options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	options = append(options, load...)
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("read AWS settings: %w", err)
	}
	if loaded.Region == "" {
		return nil, errors.New("no AWS region found: set AWS_REGION (or a region in the AWS profile or in the " +
			"configuration file), " +
			"or run with --offline for answers without AWS")
	}
	b, err := From(ctx, loaded, cfg)
	if err == nil {
		files, bundles := b.settingsFiles()
		b.wallet.files.Changed(append(files, bundles...)...)
		b.wallet.load = func(ctx context.Context) (aws.Config, error) { return config.LoadDefaultConfig(ctx, options...) }
	}
	return b, err
}

// From is New with AWS settings that are there already.
func From(ctx context.Context, loaded aws.Config, cfg Config) (*Bedrock, error) {
	if cfg.MaxAttempts == 0 {
		cfg.MaxAttempts = loaded.RetryMaxAttempts
	}
	b := &Bedrock{
		cfg: cfg, aws: loaded, http: newExchangeable(pooled(loaded.HTTPClient, cfg.PoolConnections)),
		wallet: newWallet(loaded.Credentials, cfg.OnCredentials), clients: map[place]*placed{}, signer: v4.NewSigner(),
	}
	if loaded.Credentials != nil {
		b.aws.Credentials = b.wallet
	}
	if err := b.checkCredentials(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// checkCredentials asks once for what calls will be signed with: a Bedrock API key, or credentials.
func (b *Bedrock) checkCredentials(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, credentialsWithin)
	defer cancel()
	o := b.client(place{region: b.aws.Region}).Options()
	if len(o.AuthSchemePreference) > 0 && o.AuthSchemePreference[0] == schemeBearer {
		if _, err := o.BearerAuthTokenProvider.RetrieveBearerToken(ctx); err != nil {
			return fmt.Errorf("no bearer token found, although AWS_AUTH_SCHEME_PREFERENCE or the AWS profile asks for one: %w",
				err)
		}
		b.wallet.idle = true
		return nil
	}
	if _, err := o.Credentials.Retrieve(ctx); err != nil {
		return fmt.Errorf("no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE or "+
			"AWS_BEARER_TOKEN_BEDROCK (or give this host a role), or run with --offline for answers without AWS: %w", err)
	}
	return nil
}

// Region is the gateway's own region.
func (b *Bedrock) Region() string { return b.aws.Region }

// Endpoint is where calls go if that is not AWS's own endpoint of the region; "" is.
func (b *Bedrock) Endpoint() string {
	return aws.ToString(b.client(place{region: b.aws.Region}).Options().BaseEndpoint)
}

// For gives the client of the target's region and role. The error, an *openai.Error, is about a region that cannot be
// one.
func (b *Bedrock) For(t catalog.Target) (*Client, error) {
	p := place{t.Region, t.Role}
	if p.region == "" {
		p.region = b.aws.Region
	} else if err := checkRegion(p.region); err != nil {
		return nil, err
	}
	c := b.client(p)
	return &Client{bedrock: b, api: c.Client, placed: c, target: t, region: p.region}, nil
}

func checkRegion(region string) error {
	if len(region) > 40 || !regionName.MatchString(region) {
		return openai.Invalidf(openai.CodeInvalidValue, "model", "The region in this model id is not a region of AWS.")
	}
	return nil
}

// client gives the SDK client of a place, making it at the first call.
func (b *Bedrock) client(p place) *placed {
	b.mu.RLock()
	c := b.clients[p]
	b.mu.RUnlock()
	if c != nil {
		return c
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.clients[p]; c != nil {
		return c
	}
	if len(b.clients) >= maxClients {
		b.forgetOne()
	}
	c = b.newClient(p)
	b.clients[p] = c
	return c
}

// forgetOne makes room. Whoever still holds the client may go on using it.
func (b *Bedrock) forgetOne() {
	skip := rand.IntN(len(b.clients)) //nolint:gosec // spreads load
	for p := range b.clients {
		if skip--; skip < 0 {
			delete(b.clients, p)
			return
		}
	}
}

func (b *Bedrock) newClient(p place) *placed {
	made := &placed{own: p.role == ""}
	if b.cfg.Transport == TransportThin {
		made.patterns = map[*verb]*lazyPattern{&verbConverse: {}, &verbStream: {}, &verbInvoke: {}}
	}
	made.Client = bedrockruntime.NewFromConfig(b.aws, func(o *bedrockruntime.Options) {
		o.Region = p.region
		o.HTTPClient = handover{b.http}
		o.Logger = logging.Nop{}
		o.Protocol = sortedMaps{o.Protocol}
		o.BearerAuthSigner = bearerSigner{bearer.NewSignHTTPSMessage()}
		o.Retryer, o.RetryMaxAttempts = newRetryer(b.cfg.MaxAttempts, &b.cfg.MayRetry), 0
		if p.role != "" {
			o.Credentials = b.assume(p.role)
			// an API key is the gateway's own identity, not the role's
			o.BearerAuthTokenProvider, o.AuthSchemePreference = nil, nil
		}
		if o.Credentials != nil {
			id := b.identityOf(o.Credentials)
			o.Credentials, o.APIOptions = id, append(slices.Clone(o.APIOptions), b.renewing(id, p.region))
		}
		o.AuthSchemePreference = possible(o.AuthSchemePreference, o.BearerAuthTokenProvider)
	})
	return made
}

// assume gives the credentials of a role, taken with the gateway's own and renewed before they expire.
func (b *Bedrock) assume(role string) aws.CredentialsProvider {
	client := sts.NewFromConfig(b.aws, func(o *sts.Options) { o.HTTPClient = b.http })
	provider := stscreds.NewAssumeRoleProvider(client, role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = "outcrop"
	})
	return aws.NewCredentialsCache(provider)
}

package bedrock

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"outcrop/internal/background"
)

// How often credentials are looked after.
const (
	watchEvery  = 5 * time.Second  // the files of AWS's settings are looked at
	probeEvery  = 30 * time.Second // AWS is asked whether it takes the credentials again, while it does not
	renewAgain  = 5 * time.Second  // between two renewals that refused calls ask for: they must not become load
	probeWithin = 10 * time.Second
)

// Credential events that Config.OnCredentials is told of.
const (
	CredentialsRenewed  = "renewed"  // others were found, and are used from now on
	CredentialsRefused  = "refused"  // AWS takes those that there are no more, or there are none
	CredentialsAccepted = "accepted" // AWS takes them again
	CredentialsKept     = "kept"     // a file of AWS's settings has changed, but cannot be used: what was before goes on
)

// wallet holds what the gateway's own calls are signed with. The SDK reads AWS's settings once, and keeps what it has
// found until it expires; a wallet reads them again when it is told to, so that rotated keys and renewed sessions need
// no restart.
type wallet struct {
	load       func(context.Context) (aws.Config, error) // nil: the settings were handed in, and stay
	idle       bool                                      // calls carry an API key, which is the environment's and stays
	own        atomic.Pointer[ownCredentials]
	generation atomic.Int64  // of own: credentials of roles that were taken with an older one are taken anew
	turn       chan struct{} // one renewal at a time; who holds it may read and write asked
	asked      time.Time     // when a refused call last asked for a renewal
	refused    atomic.Pointer[error]
	files      background.Files // of AWS's settings; for Watch
	told       func(event string, err error)
}

type ownCredentials struct{ aws.CredentialsProvider }

func newWallet(own aws.CredentialsProvider, told func(string, error)) *wallet {
	if told == nil {
		told = func(string, error) {}
	}
	w := &wallet{turn: make(chan struct{}, 1), told: told}
	w.own.Store(&ownCredentials{own})
	return w
}

// Retrieve gives the credentials of the moment.
func (w *wallet) Retrieve(ctx context.Context) (aws.Credentials, error) {
	return w.own.Load().Retrieve(ctx)
}

// reread reads AWS's settings again and takes over their credentials if they are others; ones that cannot be had change
// nothing. The caller has the turn.
func (w *wallet) reread(ctx context.Context) (settings aws.Config, changed bool, err error) {
	if w.load == nil {
		return settings, false, nil
	}
	if settings, err = w.load(ctx); err != nil || w.idle {
		return settings, false, err
	}
	after, err := settings.Credentials.Retrieve(ctx)
	if err != nil {
		return settings, false, err
	}
	if before, err := w.Retrieve(ctx); err == nil && equal(before, after) {
		return settings, false, nil
	}
	w.own.Store(&ownCredentials{settings.Credentials})
	w.generation.Add(1)
	w.told(CredentialsRenewed, nil)
	return settings, true, nil
}

func equal(a, b aws.Credentials) bool {
	return a.AccessKeyID == b.AccessKeyID && a.SecretAccessKey == b.SecretAccessKey && a.SessionToken == b.SessionToken
}

// renew is what a refused call asks for; it tells whether there are other credentials now than those that the call
// used, which were of generation g.
func (w *wallet) renew(ctx context.Context, g int64, of identity) bool {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return false
	}
	if w.generation.Load() != g {
		return true // another call, or the watch, was faster
	}
	if time.Since(w.asked) < renewAgain {
		return false
	}
	w.asked = time.Now()
	ctx, cancel := context.WithTimeout(ctx, credentialsWithin)
	defer cancel()
	if _, changed, err := w.reread(ctx); changed || err != nil {
		return changed
	}
	return of.anew(ctx)
}

// note keeps what AWS says to the gateway's own credentials. An error that is no answer of AWS says nothing about them.
func (w *wallet) note(err error) {
	var id *identityError
	_, answered := read(err)
	switch {
	case stale(err):
		if w.refused.Swap(&err) == nil {
			w.told(CredentialsRefused, err)
		}
	case err == nil || answered && !errors.As(err, &id):
		if w.refused.Load() != nil && w.refused.Swap(nil) != nil {
			w.told(CredentialsAccepted, nil)
		}
	}
}

// stale tells whether an error is about what a call was signed with (R-ERR-36).
func stale(err error) bool {
	var id *identityError
	if err == nil || errors.As(err, &id) {
		return err != nil
	}
	a, answered := read(err)
	return answered && a.row().code == codeAuthentication
}

// unknownKey tells whether a region does not know an access key. One that the account has not opted in to knows none,
// not even a good one.
func unknownKey(err error) bool {
	a, answered := read(err)
	return answered && (a.name == "UnrecognizedClientException" || a.name == "InvalidClientTokenId")
}

// identity gives the credentials of a place, and marks what goes wrong while fetching them, so that the error table can
// tell it from an answer of Bedrock.
type identity struct {
	aws.CredentialsProvider
	wallet *wallet
	seen   *atomic.Int64 // generation of the gateway's credentials that those of a role were taken with
}

func (b *Bedrock) identityOf(p aws.CredentialsProvider) identity {
	id := identity{p, b.wallet, new(atomic.Int64)}
	id.seen.Store(b.wallet.generation.Load())
	return id
}

// Retrieve gives credentials.
func (i identity) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if c := callOf(ctx); c != nil && c.identity != nil {
		err := c.identity
		c.identity = nil
		return aws.Credentials{}, err
	}
	if role, ok := i.CredentialsProvider.(*aws.CredentialsCache); ok {
		if g := i.wallet.generation.Load(); i.seen.Swap(g) != g {
			role.Invalidate()
		}
	}
	c, err := i.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &identityError{err}
	}
	return c, err
}

// anew takes the credentials of a role again, and tells whether they are others. The gateway's own have been read again
// already.
func (i identity) anew(ctx context.Context) bool {
	role, ok := i.CredentialsProvider.(*aws.CredentialsCache)
	if !ok {
		return false
	}
	before, _ := role.Retrieve(ctx)
	role.Invalidate()
	after, err := role.Retrieve(ctx)
	return err == nil && !equal(before, after)
}

type identityError struct{ err error }

func (e *identityError) Error() string { return "get AWS credentials: " + e.err.Error() }
func (e *identityError) Unwrap() error { return e.err }

// renewing gives a call whose credentials were refused one more try with others, if there are others. It stands inside
// of the SDK's retries, so that each of their tries is made in this way; a refusal costs nothing, and is none of them.
func (b *Bedrock) renewing(of identity, region string) func(*middleware.Stack) error {
	_, own := of.CredentialsProvider.(*wallet)
	handle := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		out middleware.FinalizeOutput, meta middleware.Metadata, err error,
	) {
		g := b.wallet.generation.Load()
		if c := callOf(ctx); c != nil && c.held != nil {
			g = c.held.generation
		}
		req, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return next.HandleFinalize(ctx, in)
		}
		url := *req.URL
		out, meta, err = next.HandleFinalize(ctx, in)
		if err != nil && ctx.Err() == nil && stale(err) && b.wallet.renew(ctx, g, of) && req.RewindStream() == nil {
			unsigned := url
			req.URL = &unsigned
			for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
				req.Header.Del(name)
			}
			out, meta, err = next.HandleFinalize(ctx, in)
		}
		if own && ctx.Err() == nil && (region == b.aws.Region || !unknownKey(err)) {
			b.wallet.note(err)
		}
		return out, meta, err
	}
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("RenewCredentials", handle), "ResolveAuthScheme",
			middleware.Before)
	}
}

// Refused tells why AWS does not take the gateway's own credentials, as the last call that it answered had it; nil
// while it does.
func (b *Bedrock) Refused() error {
	if err := b.wallet.refused.Load(); err != nil {
		return *err
	}
	return nil
}

// Renew reads AWS's settings again: credentials, and the bundle of certificate authorities.
func (b *Bedrock) Renew(ctx context.Context) error { return b.renew(ctx, true) }

func (b *Bedrock) renew(ctx context.Context, bundle bool) error {
	ctx, cancel := context.WithTimeout(ctx, credentialsWithin)
	defer cancel()
	select {
	case b.wallet.turn <- struct{}{}:
		defer func() { <-b.wallet.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	settings, _, err := b.wallet.reread(ctx)
	if err != nil {
		return err
	}
	if bundle && settings.HTTPClient != nil {
		b.http.set(pooled(settings.HTTPClient, b.cfg.PoolConnections))
	}
	return nil
}

// Watch looks after the credentials until ctx ends: it reads AWS's settings again when one of their files has changed,
// and asks AWS from time to time whether it takes the credentials, while it does not: a gateway that says it is not
// ready gets no calls that would tell.
func (b *Bedrock) Watch(ctx context.Context) {
	if b.wallet.load == nil {
		return
	}
	files, bundles := b.settingsFiles()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	probed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		changed := b.wallet.files.Changed(append(files, bundles...)...)
		if len(changed) > 0 {
			bundle := slices.ContainsFunc(changed, func(path string) bool { return slices.Contains(bundles, path) })
			if err := b.renew(ctx, bundle); err != nil && ctx.Err() == nil {
				b.wallet.told(CredentialsKept, err)
			}
		}
		if b.Refused() != nil && (len(changed) > 0 || time.Since(probed) >= probeEvery) {
			probed = time.Now()
			b.probe(ctx)
		}
	}
}

// probe makes a call that every identity may make or is refused for other reasons; what AWS says to it is noted on the
// way.
func (b *Bedrock) probe(ctx context.Context) {
	_ = b.renew(ctx, false) // the call tells what became of it
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	_, _ = b.Listing(ctx)
}

// settingsFiles are the files that AWS's settings came from; those of certificate authorities stand apart, since other
// ones end connections.
func (b *Bedrock) settingsFiles() (files, bundles []string) {
	for _, source := range b.aws.ConfigSources {
		if s, ok := source.(config.EnvConfig); ok {
			files = append(files, first(s.SharedConfigFile, config.DefaultSharedConfigFilename()),
				first(s.SharedCredentialsFile, config.DefaultSharedCredentialsFilename()))
			bundles = append(bundles, s.CustomCABundle)
		}
	}
	return files, bundles
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// exchangeable is an HTTP client that can be replaced while calls are under way; these go on with the one that they
// began with.
type exchangeable struct{ now atomic.Pointer[httpClient] }

type httpClient struct{ aws.HTTPClient }

func newExchangeable(c aws.HTTPClient) *exchangeable {
	e := &exchangeable{}
	e.now.Store(&httpClient{c})
	return e
}

// Do sends one request.
func (e *exchangeable) Do(r *http.Request) (*http.Response, error) { return e.now.Load().Do(r) }

// CloseIdleConnections closes what no call uses.
func (e *exchangeable) CloseIdleConnections() { closeUnused(e.now.Load().HTTPClient) }

func (e *exchangeable) set(c aws.HTTPClient) { closeUnused(e.now.Swap(&httpClient{c}).HTTPClient) }

func closeUnused(c aws.HTTPClient) {
	if c, ok := c.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

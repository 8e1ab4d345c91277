package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/spf13/cobra"

	"outcrop/internal/background"
	"outcrop/internal/bedrock"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/internal/config"
	"outcrop/internal/telemetry"
)

// serving is what the command line says to serve.
type serving struct {
	source   config.Source
	offline  bool
	embedded offline.Config
	gateway  *gateway // once it is made
}

func serveCommand() *cobra.Command {
	s := serving{embedded: offline.Config{Models: catalog.Data()}}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the OpenAI API in front of Bedrock",
		Long: `Serve the OpenAI API in front of Bedrock.

Without --offline the AWS default chain finds region and credentials: environment, profiles, SSO, web identity,
instance roles, AWS_BEARER_TOKEN_BEDROCK. With --offline every answer is made up by an embedded Bedrock.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.source.Environ = os.Environ()
			return s.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.source.Path, "config", "", "configuration file (YAML)")
	f.StringVar(&s.source.Overrides.Addr, "addr", "", "address to listen on (default 127.0.0.1:8080)")
	f.BoolVar(&s.offline, "offline", false, "answer from the embedded offline Bedrock; needs no AWS account")
	f.BoolVar(&s.source.Overrides.Insecure, "insecure", false, "allow a public address without API keys")
	offlineFlags(cmd, &s.embedded)
	return cmd
}

// run serves until ctx ends, then drains.
func (s *serving) run(ctx context.Context) error {
	if !s.offline && (s.embedded.Replay != "" || s.embedded.Pace != 0) {
		return errors.New("--replay and --pace go with --offline")
	}
	hangup, ignore := hangups()
	defer ignore()
	s.source.KeysStored = keysStored(ctx)
	cfg, text, err := load(s.source)
	if err != nil {
		return err
	}
	collectLess()
	log := telemetry.NewLogger(os.Stderr, level(cfg.Log.Level), cfg.Log.Format == "json")
	rec := telemetry.New()

	aws, err := s.aws(ctx, cfg, rec)
	if err != nil {
		return err
	}
	defer aws.close()
	g, err := newGateway(cfg, aws.bedrock, rec, log)
	if err != nil {
		return err
	}
	s.gateway, g.text = g, text
	defer g.close()
	if g.guard, err = newGuard(ctx, cfg, log); err != nil {
		return err
	}
	defer g.guard.close()
	beside := background.Runner{Log: log, Count: rec.BackgroundFault}
	defer beside.Go(ctx, "keys", g.guard.keys.Run)()
	if g.books, err = newBooks(cfg, g.guard.store, log); err != nil {
		return err
	}
	defer g.books.run(ctx, beside, cfg)()
	srv, err := g.server()
	if err != nil {
		return err
	}
	l, err := listenTo(ctx, cfg.Server.Addr)
	if err != nil {
		return err
	}
	if err := serveMetrics(ctx, cfg, srv, log); err != nil {
		return errors.Join(err, l.Close())
	}
	s.greet(cfg, l.Addr().String(), aws.bedrock.Region())
	defer beside.Go(ctx, "models", func(ctx context.Context) {
		keepListed(ctx, cfg.Models.Refresh, g.relist, aws.bedrock.Listing, g.models, log)
	})()
	defer beside.Go(ctx, "credentials", aws.bedrock.Watch)()
	defer beside.Go(ctx, "reload", func(ctx context.Context) { g.reloadOn(ctx, hangup, s.source, srv) })()

	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		log.Info("draining", "limit", cfg.Server.DrainTimeout.String())
		stopped <- srv.Stop(context.WithoutCancel(ctx))
	})()
	if err := srv.Serve(l); err != nil {
		return err
	}
	return <-stopped
}

// collectLess trades a little memory for CPU: the live heap of a gateway is small beside what its requests allocate, so that
// Go's default collects needlessly often (docs/performance.md has the figures). A GOGC of the user's own stays.
func collectLess() {
	const percent, usual = 400, 100
	if own := debug.SetGCPercent(percent); own != usual {
		debug.SetGCPercent(own)
	}
}

// awsSide is the way to AWS, real or embedded.
type awsSide struct {
	bedrock *bedrock.Bedrock
	close   func()
}

func (s *serving) aws(ctx context.Context, cfg *config.Config, rec *telemetry.Recorder) (awsSide, error) {
	settings := bedrock.Config{
		Region:          cfg.Bedrock.Region,
		PoolConnections: cfg.Bedrock.PoolConnections,
		MaxAttempts:     cfg.Bedrock.MaxAttempts,
		StreamIdle:      cfg.Stream.Idle,
		CallTimeout:     cfg.Requests.Deadline,
		OnUnknown:       func(kind string) { rec.Unknown(kind, 1) },
		OnCredentials: func(event string, err error) {
			if s.gateway != nil {
				s.gateway.credentials(event, err)
			}
		},
		MayRetry: func(ctx context.Context, err error) bool {
			return s.gateway == nil || s.gateway.targets.MayRetry(ctx, err)
		},
	}
	if !s.offline {
		b, err := bedrock.New(ctx, settings)
		return awsSide{b, func() {}}, err
	}
	if settings.Region == "" {
		settings.Region = "us-east-1"
	}
	s.embedded.Region = settings.Region
	fake, err := offline.New(s.embedded)
	if err != nil {
		return awsSide{}, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return awsSide{}, err
	}
	srv := &http.Server{Handler: fake} //nolint:gosec // loopback, and this process is the only client
	go func() { _ = srv.Serve(l) }()
	b, err := bedrock.From(ctx, embedded(l.Addr(), settings.Region), settings)
	return awsSide{b, func() { _ = srv.Close() }}, err
}

// embedded are the AWS settings that lead to an embedded Bedrock; nothing of the user's own is read.
func embedded(addr net.Addr, region string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://" + addr.String()),
		Credentials:  credentials.NewStaticCredentialsProvider("offline", "offline", ""),
	}
}

func level(name string) slog.Level {
	var l slog.Level
	_ = l.UnmarshalText([]byte(name)) // config has checked it
	return l
}

// greet says in a few lines what is served, and how to try it.
func (s *serving) greet(cfg *config.Config, addr, region string) {
	if host, port, err := net.SplitHostPort(addr); err == nil && net.ParseIP(host).IsUnspecified() {
		addr = net.JoinHostPort("127.0.0.1", port) // what can be pasted
	}
	scheme := "http://"
	if cfg.Server.TLS.CertFile != "" {
		scheme = "https://"
	}
	base := scheme + addr + cfg.Server.Prefixes[0]
	fmt.Fprintf(os.Stderr, "outcrop %s serves the OpenAI API on %s\n", currentVersion(), base)
	model := "amazon.nova-lite-v1:0"
	if s.offline {
		if _, ok := cfg.Models.Aliases["gpt-4o"]; ok {
			model = "gpt-4o"
		}
		fmt.Fprintln(os.Stderr, "OFFLINE: every answer is made up by the embedded Bedrock; nothing goes to AWS")
	} else {
		fmt.Fprintf(os.Stderr, "answers come from Amazon Bedrock in %s\n", region)
	}
	if n := len(cfg.Models.Aliases); n > 0 {
		fmt.Fprintf(os.Stderr, "%d model aliases; the list of models: %s/models\n", n, base)
	}
	auth := ""
	if len(cfg.Access.APIKeys)+len(cfg.Access.Keys) > 0 || cfg.KeysRequired() {
		auth = " -H 'authorization: Bearer YOUR_KEY'"
	}
	fmt.Fprintf(os.Stderr, "try:\n  curl %s/chat/completions%s -H 'content-type: application/json' -d '%s'\n", base, auth,
		strings.ReplaceAll(`{"model":"MODEL","messages":[{"role":"user","content":"Hello!"}]}`, "MODEL", model))
}

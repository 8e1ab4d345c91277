package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"

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
	s := serving{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the OpenAI API in front of Bedrock",
		Long: `Serve the OpenAI API in front of Bedrock.

Without --offline the AWS default chain finds region and credentials: environment, profiles, SSO,
web identity, instance roles, AWS_BEARER_TOKEN_BEDROCK. With --offline every answer is made up by an
embedded Bedrock.`,
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
func (s *serving) run(ctx context.Context) (err error) {
	if !s.offline && (s.embedded.Replay != "" || s.embedded.Pace != 0) {
		return errors.New("--replay and --pace go with --offline")
	}
	hangup, ignore := hangups()
	defer ignore()
	s.source.KeysStored = keysStored(ctx, s.offline)
	cfg, text, err := load(s.source, s.offline)
	if err != nil {
		return err
	}
	useMemory(os.Getenv, machine())
	log := newLog(cfg.Log)
	slog.SetDefault(log) // what libraries write by themselves has to have the form of the log too
	if cfg.Log.Format == "json" {
		defer func() { err = logged(log, err) }()
	}
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
	s.gateway, g.text, g.offline = g, text, s.offline
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
	warnAliases(cfg, g.models, log)
	defer beside.Go(ctx, "memory", giveBack)()
	warnUnpriced(ctx, cfg, g.guard.store, g.models.Leads, log)
	if err := serveMetrics(ctx, cfg, srv, log); err != nil {
		return errors.Join(err, l.Close())
	}
	s.greet(ctx, g, l.Addr().String())
	defer beside.Go(ctx, "models", func(ctx context.Context) {
		keepListed(ctx, cfg.Models.Refresh, g.relist, aws.bedrock.Listing, g.models, log)
	})()
	defer beside.Go(ctx, "credentials", aws.bedrock.Watch)()
	defer beside.Go(ctx, "reload", func(ctx context.Context) { g.reloadOn(ctx, hangup, s.source, srv) })()

	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		stopped <- s.drain(ctx, cfg, srv, log)
	})()
	if err := srv.Serve(l); err != nil {
		return err
	}
	return <-stopped
}

// logged writes why a gateway ends into the log, where that is for machines, instead of a line of its own.
func logged(log *slog.Logger, err error) error {
	if err == nil {
		return nil
	}
	log.Error("the gateway ends", "error", err)
	return &reported{err}
}

// reported is an error that has been told already.
type reported struct{ error }

func (r *reported) Unwrap() error { return r.error }

// awsSide is the way to AWS, real or embedded.
type awsSide struct {
	bedrock *bedrock.Bedrock
	close   func()
}

func (s *serving) aws(ctx context.Context, cfg *config.Config, rec *telemetry.Recorder) (awsSide, error) {
	settings := bedrock.Config{
		Region:          cfg.Bedrock.Region,
		PoolConnections: cfg.Bedrock.PoolConnections, Transport: cfg.Bedrock.Transport,
		MaxAttempts: cfg.Bedrock.MaxAttempts,
		StreamIdle:  cfg.Stream.Idle,
		CallTimeout: cfg.Requests.Deadline,
		OnUnknown:   func(kind string) { rec.Unknown(kind, 1) },
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
	var err error
	if s.embedded.Models, err = catalog.DataWith(cfg.Models.Catalog); err != nil {
		return awsSide{}, err
	}
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
	client := embedded(settings.Region)
	client.BaseEndpoint = aws.String("http://" + l.Addr().String())
	b, err := bedrock.From(ctx, client, settings)
	return awsSide{b, func() { _ = srv.Close() }}, err
}

// embedded are AWS settings for a Bedrock in this process; nothing of the user's own is read.
func embedded(region string) aws.Config {
	return aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider("offline", "offline", "")}
}

func level(name string) slog.Level {
	var l slog.Level
	_ = l.UnmarshalText([]byte(name)) // config has checked it
	return l
}

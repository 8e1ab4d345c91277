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

	"outcrop/internal/access"
	"outcrop/internal/bedrock"
	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
	"outcrop/internal/config"
	"outcrop/internal/media"
	"outcrop/internal/pipeline"
	"outcrop/internal/telemetry"
	"outcrop/router"
	"outcrop/server"
	"outcrop/translate"
)

// serving is what the command line says to serve.
type serving struct {
	source   config.Source
	offline  bool
	embedded offline.Config
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
	cfg, err := config.Load(s.source)
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
	models, err := routes(&cfg.Models, aws.bedrock.Region())
	if err != nil {
		return err
	}
	gateway, err := assemble(cfg, aws.bedrock, models, rec, log)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Server.Addr)
	if err != nil {
		return err
	}
	s.greet(cfg, l.Addr().String(), aws.bedrock.Region())
	defer inBackground(ctx, func(ctx context.Context) { keepListed(ctx, cfg.Models.Refresh, aws.bedrock.Listing, models, log) })()

	stopped := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		log.Info("draining", "limit", cfg.Server.DrainTimeout.String())
		stopped <- gateway.Stop(context.WithoutCancel(ctx))
	})()
	if err := gateway.Serve(l); err != nil {
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

// upstream is the way to AWS, real or embedded.
type upstream struct {
	bedrock *bedrock.Bedrock
	close   func()
}

func (s *serving) aws(ctx context.Context, cfg *config.Config, rec *telemetry.Recorder) (upstream, error) {
	settings := bedrock.Config{
		Region:          cfg.Bedrock.Region,
		PoolConnections: cfg.Bedrock.PoolConnections,
		MaxAttempts:     cfg.Bedrock.MaxAttempts,
		StreamIdle:      cfg.Stream.Idle,
		CallTimeout:     cfg.Requests.Deadline,
		OnUnknown:       func(kind string) { rec.Unknown(kind, 1) },
	}
	if !s.offline {
		b, err := bedrock.New(ctx, settings)
		return upstream{b, func() {}}, err
	}
	if settings.Region == "" {
		settings.Region = "us-east-1"
	}
	s.embedded.Region = settings.Region
	fake, err := offline.New(s.embedded)
	if err != nil {
		return upstream{}, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return upstream{}, err
	}
	srv := &http.Server{Handler: fake} //nolint:gosec // loopback, and this process is the only client
	go func() { _ = srv.Serve(l) }()
	b, err := bedrock.From(ctx, embedded(l.Addr(), settings.Region), settings)
	return upstream{b, func() { _ = srv.Close() }}, err
}

// embedded are the AWS settings that lead to an embedded Bedrock; nothing of the user's own is read.
func embedded(addr net.Addr, region string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://" + addr.String()),
		Credentials:  credentials.NewStaticCredentialsProvider("offline", "offline", ""),
	}
}

// assemble puts the gateway together.
func assemble(cfg *config.Config, b *bedrock.Bedrock, models *router.Live, rec *telemetry.Recorder, log *slog.Logger) (*server.Server, error) {
	download, err := downloader(cfg.Media, options(cfg).Limits)
	if err != nil {
		return nil, err
	}
	handle := pipeline.New(pipeline.Config(cfg.Requests), pipeline.Collaborators{
		Recorder: rec, Router: models, Catalog: models, Profiles: b, Version: currentVersion(),
		Backends: func(t catalog.Target) (pipeline.Backend, error) { return b.For(t) },
		Download: download,
	})
	return server.New(server.Config{
		Prefixes:          cfg.Server.Prefixes,
		AllowedOrigins:    cfg.Server.AllowedOrigins,
		BodyLimit:         int64(cfg.Server.BodyLimit),
		ReadHeaderTimeout: cfg.Server.ReadHeaderTimeout,
		ReadTimeout:       cfg.Server.ReadTimeout,
		WriteTimeout:      cfg.Server.WriteTimeout,
		DrainTimeout:      cfg.Server.DrainTimeout,
		StreamHold:        cfg.Stream.Hold,
		StreamKeepAlive:   cfg.Stream.KeepAlive,
		Options:           options(cfg),
	}, server.Collaborators{Handle: handle, Models: models, Gate: access.NewGate(reveal(cfg.Access.APIKeys)), Recorder: rec, Log: log}), nil
}

// options are the settings of the translation.
func options(cfg *config.Config) translate.Options {
	return translate.Options{
		DefaultGuardrail: translate.Guardrail(cfg.Guardrail),
		MaxChoices:       cfg.MaxChoices,
		DeclareHistory:   cfg.ToolHistoryWithoutTools == "declare",
		NoMetadata:       cfg.RequestMetadata == "off",
		NeutralNames:     cfg.Documents.Names == "neutral",
		PromptCache:      cfg.PromptCache.Auto,
	}
}

// downloader fetches media by the settings; nil when nothing may be fetched.
func downloader(cfg config.Media, limits translate.Limits) (pipeline.Download, error) {
	if !cfg.Fetch {
		return nil, nil
	}
	f, err := media.New(media.Config{AllowHTTP: cfg.AllowHTTP, AllowPrivate: cfg.AllowPrivate, MaxBytes: limits.Largest(), Timeout: cfg.Timeout})
	if err != nil {
		return nil, err
	}
	return f.Get, nil
}

func reveal(secrets []config.Secret) []string {
	var keys []string
	for _, s := range secrets {
		keys = append(keys, s.Reveal())
	}
	return keys
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
	base := "http://" + addr + cfg.Server.Prefixes[0]
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
	if len(cfg.Access.APIKeys) > 0 {
		auth = " -H 'authorization: Bearer YOUR_KEY'"
	}
	fmt.Fprintf(os.Stderr, "try:\n  curl %s/chat/completions%s -H 'content-type: application/json' -d '%s'\n", base, auth,
		strings.ReplaceAll(`{"model":"MODEL","messages":[{"role":"user","content":"Hello!"}]}`, "MODEL", model))
}

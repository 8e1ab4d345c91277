package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"outcrop/cache"
	"outcrop/internal/attempt"
	"outcrop/internal/audit"
	"outcrop/internal/background"
	"outcrop/internal/bedrock"
	"outcrop/internal/catalog"
	"outcrop/internal/config"
	"outcrop/internal/media"
	"outcrop/internal/pipeline"
	"outcrop/internal/recall"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/router"
	"outcrop/server"
	"outcrop/translate"
)

// gateway holds what lives as long as the process. Everything that the configuration decides about requests is built
// around it, at the start and again on each reload.
type gateway struct {
	started     *config.Config // what the process began with
	cfg         *config.Config // in force
	bedrock     *bedrock.Bedrock
	models      *router.Live
	targets     *upstream.Targets
	cache       *cache.Cache // nil: answers are not kept
	carried     *pipeline.Carried
	certificate *certificate // nil: no TLS
	audit       *audit.Log   // nil: no records are kept
	guard       *guard       // nil: everybody may call
	books       *books       // nil: nothing is counted
	rec         *telemetry.Recorder
	log         *slog.Logger
	offline     bool             // answers are made up here
	text        []byte           // of the configuration file in force
	files       background.Files // that are named there
	relist      chan struct{}    // asks for the list of models
}

func newGateway(cfg *config.Config, b *bedrock.Bedrock, rec *telemetry.Recorder, log *slog.Logger) (*gateway, error) {
	g := &gateway{started: cfg, cfg: cfg, bedrock: b, rec: rec, log: log,
		targets: upstream.New(cfg.Resilience, b.Region()), relist: make(chan struct{}, 1),
		carried: pipeline.NewCarried(rec, log)}
	warn(log, cfg)
	g.files.Changed(g.named()...) // before they are read here: a change meanwhile is noticed afterwards
	var err error
	if g.models, err = routes(cfg, b.Region()); err != nil {
		return nil, err
	}
	if cfg.Server.TLS.CertFile != "" {
		if g.certificate, err = newCertificate(cfg.Server.TLS); err != nil {
			return nil, err
		}
	}
	if cfg.Cache.Enabled {
		g.cache, err = cache.New(cfg.Cache.Config, cache.Options{
			Redis: cfg.Redis.URL.Reveal(), Secret: cfg.Cache.Secret.Reveal(),
			OnError: func(op cache.Op, _ error) { rec.CacheFault(string(op)) },
		})
		if err != nil {
			return nil, err
		}
		rec.CacheBytes(g.cache.MemoryBytes)
	}
	g.audit, err = openAudit(cfg, rec, log)
	return g, err
}

// quiet keeps the Redis client from writing lines of its own to stderr while Redis is away: faults are counted.
type quiet struct{}

// Printf implements the client's logger.
func (quiet) Printf(context.Context, string, ...any) {}

func (g *gateway) close() {
	closeAudit(g.audit, g.log)
	if g.cache != nil {
		const last = 5 * time.Second // for what the last answers have left to be kept
		ctx, cancel := context.WithTimeout(context.Background(), last)
		defer cancel()
		if err := g.carried.Drain(ctx); err != nil {
			g.log.Warn("not all answers were kept in the cache before the end", "error", err)
		}
		g.cache.Close()
	}
}

// server makes the server that the configuration describes.
func (g *gateway) server() (*server.Server, error) {
	settings, with, err := g.site(g.cfg)
	if err != nil {
		return nil, err
	}
	return server.New(settings, with), nil
}

// site builds what answers requests by a configuration.
func (g *gateway) site(cfg *config.Config) (server.Config, server.Collaborators, error) {
	if err := g.books.lasting(cfg, g.offline); err != nil {
		return server.Config{}, server.Collaborators{}, err
	}
	download, err := downloader(cfg.Media, options(cfg).Limits)
	if err != nil {
		return server.Config{}, server.Collaborators{}, err
	}
	var memory recall.Memory
	if g.cache != nil {
		memory = g.cache
	}
	inspecting, err := guards(&cfg.Security, g.bedrock, g.rec)
	if err != nil {
		return server.Config{}, server.Collaborators{}, err
	}
	redact, err := redactor(&cfg.Security)
	if err != nil {
		return server.Config{}, server.Collaborators{}, err
	}
	handle := pipeline.New(pipeline.Config(cfg.Requests), pipeline.Collaborators{
		Recorder: g.rec, Router: g.models, Catalog: g.models, Leads: g.models.Leads, Profiles: g.bedrock,
		Version:  currentVersion(),
		Services: func(t catalog.Target) (attempt.Service, error) { return g.bedrock.For(t) },
		Download: download, Upstream: g.targets, Memory: memory, Cache: cfg.Cache.CacheConfig, Carried: g.carried,
		Guards: inspecting, Redact: redact,
		Limiter: g.books.limiter(cfg), Budgets: g.books.budgets(cfg), Usage: g.books.usage(cfg),
	})
	explain := pipeline.Explainer{Models: g.models}
	warnOfText(cfg, redact, g.log)
	return g.settings(cfg), server.Collaborators{
		Handle: handle, Models: g.models, Explain: explain.JSON, Targets: g.targets.Report,
		Ready: g.bedrock.Refused, Gate: g.guard.gate(cfg), May: explain.May, MayUse: explain.MayUse,
		Limiter: g.books.limiter(cfg), Usage: g.books.usage(cfg), Recorder: g.rec, Audit: g.audit, Log: g.log,
	}, nil
}

func (g *gateway) settings(cfg *config.Config) server.Config {
	var encrypted *tls.Config
	if g.certificate != nil {
		encrypted = g.certificate.config()
	}
	return server.Config{
		Prefixes:          cfg.Server.Prefixes,
		Hosts:             hosts(cfg),
		AllowedOrigins:    cfg.Server.AllowedOrigins,
		TrustedProxies:    prefixes(cfg.Server.TrustedProxies),
		TLS:               encrypted,
		BodyLimit:         int64(cfg.Server.BodyLimit),
		BodiesInFlight:    bodiesInFlight(cfg, memoryOf(machine())),
		ReadHeaderTimeout: cfg.Server.ReadHeaderTimeout,
		ReadTimeout:       cfg.Server.ReadTimeout,
		WriteTimeout:      cfg.Server.WriteTimeout,
		IdleTimeout:       cfg.Server.IdleTimeout,
		DrainTimeout:      cfg.Server.DrainTimeout,
		StreamHold:        cfg.Stream.Hold,
		StreamKeepAlive:   cfg.Stream.KeepAlive,
		Metrics: server.Metrics{Networks: prefixes(cfg.Metrics.Networks), Token: cfg.Metrics.Token.Reveal(),
			Apart: g.started.Metrics.Addr != ""},
		Options: options(cfg),
	}
}

// prefixes parses what config has checked.
func prefixes(list []string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range list {
		if p, err := netip.ParsePrefix(text); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// hangups gives the SIGHUPs that come from now on, until the function is called. One that comes while the gateway
// starts must not end it, and counts once it is there.
func hangups() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// filesEvery is how often files that the settings name are looked at.
const filesEvery = 5 * time.Second

// reloadOn takes over the configuration anew on every hangup, until ctx ends, and the files of certificates and keys
// whenever they have changed. Requests under way go on as they began. What has a fault changes nothing.
func (g *gateway) reloadOn(ctx context.Context, hangup <-chan os.Signal, source config.Source, srv *server.Server) {
	tick := time.NewTicker(filesEvery)
	defer tick.Stop()
	for faulty := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			if err := g.reload(source, srv, "the configuration is taken over"); err != nil {
				g.log.Error("the configuration is not taken over", "error", err)
			}
			if err := g.bedrock.Renew(ctx); err != nil {
				g.log.Warn("AWS's settings are not read again", "error", err)
			}
			g.listAgain()
		case <-tick.C:
			changed := g.files.Changed(g.named()...)
			if len(changed) == 0 && !faulty {
				continue
			}
			err := g.reload(g.inForce(source), srv, "changed files are read again")
			if err != nil && !faulty { // one of two files may be still to come
				g.log.Error("changed files cannot be used yet; what was read before stays in use", "files", changed, "error", err)
			}
			faulty = err != nil
		}
	}
}

// named are the files that the settings name and that change by themselves: certificates are renewed, keys rotated.
func (g *gateway) named() []string {
	tls := &g.cfg.Server.TLS
	return []string{tls.CertFile, tls.KeyFile, g.cfg.Access.APIKeysFile}
}

// inForce is the source of the settings with the text that the configuration file had when it was taken over: a
// certificate that was renewed must not bring in what somebody is writing there.
func (g *gateway) inForce(source config.Source) config.Source {
	source.ReadFile = func(path string) ([]byte, error) {
		if path == source.Path {
			return g.text, nil
		}
		return os.ReadFile(path)
	}
	return source
}

// listAgain asks for the list of models, unless that was done a moment ago.
func (g *gateway) listAgain() {
	select {
	case g.relist <- struct{}{}:
	default:
	}
}

// credentials logs what becomes of the credentials of AWS.
func (g *gateway) credentials(event string, err error) {
	switch event {
	case bedrock.CredentialsRenewed:
		g.log.Info("other AWS credentials are in use from now on")
		g.listAgain()
	case bedrock.CredentialsAccepted:
		g.log.Info("AWS takes the gateway's credentials again")
	case bedrock.CredentialsRefused:
		g.log.Error("AWS does not take the gateway's credentials; /ready says so until it does", "error", err)
	case bedrock.CredentialsKept:
		g.log.Warn("a file of AWS's settings has changed and gives no credentials; those from before stay in use",
			"error", err)
	}
}

// reload does first what may fail, so that a fault of any kind leaves everything as it was. The log says done when it
// is.
func (g *gateway) reload(source config.Source, srv *server.Server, done string) error {
	cfg, text, err := load(source, g.offline)
	if err != nil {
		return err
	}
	var renewed *tls.Certificate
	if g.certificate != nil && cfg.Server.TLS.CertFile != "" {
		if renewed, err = readCertificate(cfg.Server.TLS); err != nil {
			return err
		}
	}
	settings, with, err := g.site(cfg)
	if err != nil {
		return err
	}
	if err := g.models.Reload(routing(cfg)); err != nil {
		return err
	}
	srv.Reload(settings, with)
	if renewed != nil {
		g.certificate.now.Store(renewed)
	}
	warn(g.log, cfg)
	changed, _ := config.Changed(g.cfg, cfg)
	g.log.Info(done, "changed", changed, "need_restart", g.late(cfg))
	g.cfg, g.text = cfg, text
	return nil
}

// warn says what is to be changed in settings before the next release.
func warn(log *slog.Logger, cfg *config.Config) {
	for _, w := range cfg.Warnings {
		log.Warn("the configuration holds a setting of a former release", "setting", w)
	}
}

// load gives the settings, and the text of the configuration file that they are from. A gateway that makes up its
// answers is for trying things out: unless the settings name a store it leaves the user's own alone.
func load(source config.Source, offline bool) (cfg *config.Config, text []byte, err error) {
	read := source.ReadFile
	if read == nil {
		read = os.ReadFile
	}
	source.ReadFile = func(path string) ([]byte, error) {
		b, err := read(path)
		if path == source.Path {
			text = b
		}
		return b, err
	}
	if cfg, err = config.Load(source); err == nil && offline && cfg.Access.Store == "" {
		cfg.Access.Store = config.StoreMemory
	}
	return cfg, text, err
}

// late are the settings of cfg that count after a restart only.
func (g *gateway) late(cfg *config.Config) []string {
	changed, late := config.Changed(g.started, cfg)
	// other files are read; whether there is TLS at all is the listener's
	if (g.certificate != nil) != (cfg.Server.TLS.CertFile != "") {
		late = append(late, slices.DeleteFunc(changed,
			func(name string) bool { return !strings.HasPrefix(name, "server.tls.") })...)
	}
	return late
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
	f, err := media.New(media.Config{AllowHTTP: cfg.AllowHTTP, AllowPrivate: cfg.AllowPrivate, MaxBytes: limits.Largest(),
		Timeout: cfg.Timeout})
	if err != nil {
		return nil, err
	}
	return f.GetWithin, nil
}

func reveal(secrets []config.Secret) []string {
	var keys []string
	for _, s := range secrets {
		keys = append(keys, s.Reveal())
	}
	return keys
}

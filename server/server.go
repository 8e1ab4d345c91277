// Package server is the HTTP side of Outcrop: routes, authentication, bodies, the writing of answers and server-sent
// events, and the one place where an error becomes an answer. Echo is imported here and nowhere else.
//
// It must not know Bedrock, nor how an API spells what it says, which is its dialect's (internal/dialect); and nothing
// of Echo may enter the pipeline. Start at New, then routes.go for what is served, api.go for the way of one call and
// events.go for streams.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
	"outcrop/internal/access/limits"
	"outcrop/internal/access/usage"
	"outcrop/internal/audit"
	"outcrop/internal/call"
	"outcrop/internal/dialect"
	"outcrop/internal/telemetry"
	"outcrop/internal/upstream"
	"outcrop/openai"
	"outcrop/translate"
)

// Config are the server's settings.
type Config struct {
	Prefixes []string // path prefixes of the API: "/v1", "/api/v1"
	Hosts    []string // names that Host may have while no key is asked for; * stands for any characters
	// whose pages may call: "https://app.example", "app://*", "null", "*"; none by default
	AllowedOrigins    []string
	TrustedProxies    []netip.Prefix // whose X-Forwarded-For tells the client's address
	TLS               *tls.Config    // nil leaves connections unencrypted; otherwise HTTP/2 is spoken too
	BodyLimit         int64          // bytes
	BodiesInFlight    int64          // bytes of all bodies that are held at a time; 0 is no limit
	ReadHeaderTimeout time.Duration  // slow headers are cut off
	ReadTimeout       time.Duration  // for the body, once the headers are there
	WriteTimeout      time.Duration  // for each part
	IdleTimeout       time.Duration  // for which a connection is kept without a request
	DrainTimeout      time.Duration  // for calls under way when the server is told to stop
	StreamHold        time.Duration  // R-STR-03
	StreamKeepAlive   time.Duration  // R-STR-04
	Metrics           Metrics
	Options           translate.Options
}

// Models answers the models endpoints from memory (R-MOD-06).
type Models interface {
	Models(now time.Time) []openai.Model
	Model(id string, now time.Time) (openai.Model, bool)
}

// Collaborators are what the server works with.
type Collaborators struct {
	Handle call.Handler
	Models Models
	Gate   *keys.Gate
	// May tells whether a caller may ask for a model; nil is always. It rules what the models endpoints show (R-MOD-01).
	May func(who access.Principal, model string) bool
	// MayUse tells whether anything that a caller may ask for can lead to a model of the catalogue; nil is always.
	MayUse func(who access.Principal, model string) bool
	// Explain gives the JSON of what the router makes of a request's body; nil leaves the endpoint out.
	Explain  func(body []byte, who access.Principal, tune call.Tune) ([]byte, error)
	Targets  func() upstream.Report // how the targets are doing; nil leaves the endpoint out
	Limiter  *limits.Limiter        // nil: nobody is limited
	Usage    *usage.Usage           // nil leaves the endpoint out
	Ready    func() error           // why no call can be answered, nil while they can; nil is always
	Recorder *telemetry.Recorder
	Audit    *audit.Log // nil: no records are kept
	Log      *slog.Logger
}

// Server answers HTTP. It is used once.
type Server struct {
	cfg Config
	Collaborators
	*process
	served   []endpoint                  // calls of models, and what is answered like them
	dialects map[string]*dialect.Dialect // by their routes
}

// process is what a Server keeps when it is set up anew.
type process struct {
	http     *http.Server
	handler  atomic.Pointer[echo.Echo]
	gauges   *gauges
	draining atomic.Bool
	calls    inFlight
	bodies   bodies
	rooms    sync.Pool               // of *[]byte: plain answers are written into them
	cut      context.CancelCauseFunc // ends the calls under way
}

// New makes a server that is ready to Serve.
func New(cfg Config, with Collaborators) *Server {
	base, cut := context.WithCancelCause(context.Background())
	p := &process{cut: cut, rooms: sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}}
	p.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter,
			r *http.Request) {
			p.handler.Load().ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: cfg.ReadHeaderTimeout,
		IdleTimeout:       cfg.IdleTimeout,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(with.Log.Handler(), slog.LevelDebug),
	}
	p.gauges = newGauges(p.http.ErrorLog)
	s := &Server{cfg: cfg, Collaborators: with, process: p, served: endpoints()}
	s.publish()
	return s
}

// Reload sets the server up anew for the requests that come from now on; those under way go on as they began. What
// belongs to connections stays as it was: the address, the time for headers.
func (s *Server) Reload(cfg Config, with Collaborators) {
	next := &Server{cfg: cfg, Collaborators: with, process: s.process, served: s.served}
	next.publish()
}

// publish lets this set-up answer from now on.
func (s *Server) publish() {
	s.handler.Store(s.echo(s.routes))
	s.gauges.handler.Store(s.echo(s.gaugeRoutes))
}

func (s *Server) echo(routes func(*echo.Echo)) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = s.fail
	e.IPExtractor = s.cfg.clientAddress()
	e.Pre(oneSlash)
	routes(e)
	return e
}

// Serve answers connections of l until Stop; then it gives nil.
func (s *Server) Serve(l net.Listener) error {
	serve := s.http.Serve
	if s.cfg.TLS != nil {
		s.http.TLSConfig = s.cfg.TLS
		serve = func(l net.Listener) error { return s.http.ServeTLS(l, "", "") }
	}
	if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// errDraining is why calls are ended that do not finish in time when the server stops.
var errDraining = errors.New("the gateway is shutting down")

// Leave says that the server is about to stop, by /ready and by closing each connection behind its next answer, and
// goes on answering for a while: balancers that have noticed send nothing any more once it stops, and those who call a
// closed port get no answer at all.
func (s *Server) Leave(ctx context.Context, delay time.Duration) {
	s.draining.Store(true)
	select {
	case <-ctx.Done():
	case <-time.After(delay):
	}
}

// Stop drains: /ready turns 503 and new calls are refused at once, calls under way may finish within the drain timeout
// and are then ended with an error that their clients can read. It returns when every call has ended.
func (s *Server) Stop(ctx context.Context) error {
	s.draining.Store(true)
	ctx, cancel := context.WithTimeout(ctx, s.cfg.DrainTimeout)
	defer cancel()
	idle := s.calls.close()
	select {
	case <-idle:
	case <-ctx.Done():
		s.cut(errDraining)
	}
	const last = 5 * time.Second // for writing the last event of a call that was cut
	final, cancel := context.WithTimeout(context.WithoutCancel(ctx), last)
	defer cancel()
	select {
	case <-idle:
	case <-final.Done():
	}
	defer s.cut(errDraining)
	defer s.gauges.close() // the last seconds are the ones to look at
	if err := s.http.Shutdown(final); err != nil {
		select {
		case <-idle: // what is left are connections on which nobody has asked for anything
			return s.http.Close()
		default:
			return errors.Join(err, s.http.Close())
		}
	}
	return nil
}

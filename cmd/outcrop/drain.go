package main

import (
	"context"
	"errors"
	"log/slog"
	"syscall"

	"outcrop/internal/config"
	"outcrop/server"
)

// drain stops the server once ctx has ended. Behind SIGTERM stand balancers which have to notice first; who has pressed
// Ctrl-C waits in person, and offline there is nobody.
func (s *serving) drain(ctx context.Context, cfg *config.Config, srv *server.Server, log *slog.Logger) error {
	delay := cfg.Server.DrainDelay
	if s.offline || !terminated(ctx) {
		delay = 0
	}
	limit := max(delay, cfg.Server.DrainTimeout)
	log.Info("draining; a second signal ends the process at once", "delay", delay.String(), "limit", limit.String())
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	if delay > 0 {
		srv.Leave(within, delay)
	}
	return srv.Stop(within)
}

// terminated tells whether SIGTERM has ended a context of signals.
func terminated(ctx context.Context) bool {
	var by *interrupted
	return errors.As(context.Cause(ctx), &by) && by.signal == syscall.SIGTERM
}

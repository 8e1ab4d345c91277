package main

import (
	"context"
	"log/slog"
	"net"

	"outcrop/internal/config"
	"outcrop/server"
)

// listenTo opens the port of an address.
func listenTo(ctx context.Context, addr string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", addr)
}

// serveMetrics serves metrics on the listener of their own, where the settings name one, until the server stops.
func serveMetrics(ctx context.Context, cfg *config.Config, srv *server.Server, log *slog.Logger) error {
	if cfg.Metrics.Addr == "" {
		return nil
	}
	l, err := listenTo(ctx, cfg.Metrics.Addr)
	if err != nil {
		return err
	}
	log.Info("metrics have a listener of their own", "addr", l.Addr().String())
	go func() {
		if err := srv.ServeMetrics(l); err != nil {
			log.Error("metrics are served no longer", "error", err)
		}
	}()
	return nil
}

// hosts are the names by which the gateway may be called while it asks for no key: those of the settings, and the one
// it listens on.
func hosts(cfg *config.Config) []string {
	names := cfg.Server.Hosts
	if host, _, err := net.SplitHostPort(cfg.Server.Addr); err == nil && host != "" {
		names = append([]string{host}, names...)
	}
	return names
}

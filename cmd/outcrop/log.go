package main

import (
	"log/slog"
	"os"

	"outcrop/internal/config"
	"outcrop/internal/telemetry"
)

// newLog makes the log of a gateway: for people where they look on, else for programs. NO_COLOR is obeyed
// (no-color.org).
func newLog(cfg config.Log) *slog.Logger {
	at := level(cfg.Level)
	if cfg.Format == "auto" && terminal(os.Stderr) {
		return telemetry.NewConsole(os.Stderr, at, os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
	}
	return telemetry.NewLogger(os.Stderr, at, cfg.Format == "json")
}

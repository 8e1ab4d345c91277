package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"outcrop/internal/audit"
	"outcrop/internal/config"
	"outcrop/internal/telemetry"
)

// standardOutput stands for a folder.
const standardOutput = "-"

// keyName is the file of the signing key in the folder of the audit files.
const keyName = "signing.key"

// auditDir is the folder of the audit files: that of the settings, else audit beside the state; "" when nothing tells
// of a place.
func auditDir(cfg *config.Config) string {
	if dir := cfg.Audit.Dir; dir != "" && dir != standardOutput {
		return dir
	}
	state := cfg.Access.Store
	switch state {
	case "", config.StoreMemory, config.StoreRedis:
		state = cfg.Access.DefaultStore
	}
	if state == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(state), "audit")
}

// auditKey is the file of the signing key; "" when nothing tells of a place.
func auditKey(cfg *config.Config) string {
	dir := auditDir(cfg)
	if cfg.Audit.KeyFile != "" || dir == "" {
		return cfg.Audit.KeyFile
	}
	return filepath.Join(dir, keyName)
}

var errNoAuditDir = errors.New("neither HOME nor XDG_STATE_HOME tells where to keep records: set audit.dir, or " +
	"audit.enabled to false")

// openAudit opens the log that records go to; nil keeps none. A folder that nobody has named, and that cannot be made
// (a container with nothing to write to), is no reason not to serve, but one for a warning; what the settings name must
// work.
func openAudit(cfg *config.Config, rec *telemetry.Recorder, log *slog.Logger) (*audit.Log, error) {
	if !cfg.Audit.Enabled {
		return nil, nil
	}
	l, err := newAudit(cfg, log)
	if err != nil {
		if cfg.Audit.Dir != "" || cfg.Audit.KeyFile != "" || cfg.Audit.FailClosed {
			return nil, fmt.Errorf("audit: %w; audit.enabled: false keeps no records", err)
		}
		log.Warn("NO RECORDS of answers are kept: set audit.dir to a folder that can be written to, or to - for standard "+
			"output, or audit.enabled to false", "reason", err.Error())
		return nil, nil
	}
	rec.WatchAudit(func() telemetry.Audit {
		s := l.State()
		return telemetry.Audit{Lost: s.Lost, Refused: s.Refused, Waiting: int64(s.Waiting), Failing: s.Failing}
	})
	return l, nil
}

func newAudit(cfg *config.Config, log *slog.Logger) (*audit.Log, error) {
	settings := cfg.Audit
	path := auditKey(cfg)
	if path == "" {
		return nil, errNoAuditDir
	}
	keys, err := audit.LoadKeys(path)
	if err != nil {
		return nil, err
	}
	var sink audit.Sink
	if settings.Dir == standardOutput {
		sink = audit.NewStream(os.Stdout)
	} else {
		settings.Dir = auditDir(cfg)
		var name [3]byte
		_, _ = rand.Read(name[:]) // never fails (Go 1.24)
		if sink, err = audit.NewFiles(settings, time.Now(), hex.EncodeToString(name[:])); err != nil {
			return nil, err
		}
	}
	room, key := roomWatch{settings: settings, log: log}, keyWatch{path: path, keys: keys, log: log}
	return audit.New(settings, keys, sink, audit.Options{OnError: func(err error) {
		if err == nil {
			log.Info("records of answers are kept again")
			return
		}
		log.Error("records of answers cannot be written", "error", err.Error(), "fail_closed", settings.FailClosed)
	}, OnRoom: func(used, free int64) {
		room.tell(used, free)
		key.look()
	}, OnStuck: func(err error) {
		log.Warn("old records of answers cannot be removed, and are left alone until the next start", "error", err.Error())
	}})
}

// keyWatch warns, once for each time, of a file of the signing key that is gone or holds another key than the one that
// signs: without a copy of it no answer of this process can be proven by its record.
type keyWatch struct {
	path string
	keys audit.Keys
	log  *slog.Logger
	gone bool
}

func (w *keyWatch) look() {
	keys, err := audit.ReadKeys(w.path)
	gone := err != nil || !keys.PublicKey().Equal(w.keys.PublicKey())
	if gone && !w.gone {
		reason := "it holds another key"
		if err != nil {
			reason = err.Error()
		}
		w.log.Error("the file of the signing key is not what it was at the start: put a copy back before the gateway "+
			"ends, or its answers cannot be proven by their records",
			"file", w.path, "reason", reason, "key", audit.KeyID(w.keys.PublicKey()))
	} else if w.gone && !gone {
		w.log.Info("the file of the signing key is there again", "file", w.path)
	}
	w.gone = gone
}

// roomWatch warns, once for each time, of records that take much room, and of a disk that has little left.
type roomWatch struct {
	settings audit.Config
	log      *slog.Logger
	much     bool
	low      bool
}

// What records may take before somebody should decide how long they are kept, and what a disk should have left.
const (
	muchRoom = 10_000_000_000
	lowRoom  = 1 << 30
)

func (w *roomWatch) tell(used, free int64) {
	much := used >= muchRoom && w.settings.Retention.Bytes == 0
	if much && !w.much {
		w.log.Warn("records of answers take much room and nothing is deleted: audit.retention says how long they are kept",
			"dir", w.settings.Dir, "bytes", used)
	}
	low := free >= 0 && free < max(lowRoom, 2*w.settings.MaxBytes)
	if low && !w.low {
		w.log.Warn("the disk of the records of answers is nearly full", "dir", w.settings.Dir, "bytes_left", free,
			"fail_closed", w.settings.FailClosed)
	}
	w.much, w.low = much, low
}

// closeAudit writes what waits. A disk that hangs must not keep the process from ending.
func closeAudit(l *audit.Log, log *slog.Logger) {
	if l == nil {
		return
	}
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		log.Error("the last records of answers may not be written", "error", err.Error())
	}
	if n := l.State().Lost; n > 0 {
		log.Error("records of answers were lost", "records", n)
	}
}

// warnOfText tells of keys that want text on record where nothing can redact it.
func warnOfText(cfg *config.Config, redact func(string) string, log *slog.Logger) {
	for i := range cfg.Access.Keys {
		if k := &cfg.Access.Keys[i]; k.StoreText && redact == nil && cfg.Audit.Enabled {
			log.Warn("a key has store_text, but no policy redacts: its records hold no text", "key", k.Name)
		}
	}
}

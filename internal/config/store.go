package config

import (
	"path/filepath"
	"strings"

	"outcrop/internal/redis"
)

// Places of access.store that are no paths.
const (
	StoreRedis  = "redis"
	StoreMemory = "memory"
)

// stateFile is where state is kept by default, as the XDG base directory specification has it; "" when nothing tells of
// a home.
func stateFile(env map[string]string) string {
	dir := env["XDG_STATE_HOME"]
	if home := env["HOME"]; !filepath.IsAbs(dir) { // a relative one must be ignored, says the specification
		if !filepath.IsAbs(home) {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "outcrop", "outcrop.db")
}

// store sees to it that a store of Redis has one.
func (l *loader) store() {
	const setting = "access.store"
	switch s := l.cfg.Access.Store; {
	case s == StoreRedis && l.cfg.Redis.URL == "":
		l.complain(l.origin(setting), setting, "needs redis.url (OUTCROP_REDIS_URL, REDIS_URL) beside it")
	case strings.ContainsAny(s, "\x00\r\n"):
		l.complain(l.origin(setting), setting, "must be a path, redis or memory")
	}
}

// redis sees to it that the URL of Redis is one that the client can read, before anything depends on it.
func (l *loader) redis() {
	const setting = "redis.url"
	if text := l.cfg.Redis.URL.Reveal(); text != "" && !l.complaints.about(setting) {
		if err := redis.Fault(text); err != nil {
			l.complain(l.origin(setting), setting, "%s", err)
		}
	}
}

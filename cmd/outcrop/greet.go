package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"outcrop/internal/access/keys"
	"outcrop/internal/config"
)

// fact is a thing to know about a gateway that has started: a line for people, an attribute of a line for machines.
type fact struct{ name, text string }

// greet says what is served, from where, what is kept where, and how to try it: in lines for people, or as one line of
// the log where that is JSON, which nothing else may stand between.
func (s *serving) greet(ctx context.Context, g *gateway, addr string) {
	cfg := g.cfg
	scheme := "http://"
	if cfg.Server.TLS.CertFile != "" {
		scheme = "https://"
	}
	says := fmt.Sprintf("outcrop %s serves the OpenAI API on %s%s%s", currentVersion(), scheme, addr, prefix(cfg))
	facts := []fact{s.origin(g), g.keys(ctx), g.state(), g.records(), g.policy(), g.kept(),
		g.list(scheme + reachable(addr))}
	if cfg.Log.Format == "json" {
		var attrs []slog.Attr
		for _, f := range facts {
			attrs = append(attrs, slog.String(f.name, f.text))
		}
		g.log.LogAttrs(ctx, slog.LevelInfo, says, attrs...)
	} else {
		fmt.Fprintln(os.Stderr, says)
		for _, f := range facts {
			fmt.Fprintf(os.Stderr, "  %-9s%s\n", f.name, f.text)
		}
		fmt.Fprintf(os.Stderr, "try:\n  %s\n", s.example(g, scheme+reachable(addr)))
	}
	if host, _, err := net.SplitHostPort(addr); err == nil && !loopback(host) && !g.needsKey() {
		g.log.Warn("anybody who reaches this address may call, at your cost: no key is asked for", "addr", addr)
	}
}

// reachable is an address that this host can call: one that listens everywhere is no address to call.
func reachable(addr string) string {
	if host, port, err := net.SplitHostPort(addr); err == nil && net.ParseIP(host).IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// prefix stands in front of the paths that the greeting names; the one that is none is written as a slash.
func prefix(cfg *config.Config) string { return strings.TrimSuffix(cfg.Server.Prefixes[0], "/") }

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (s *serving) origin(g *gateway) fact {
	if s.offline {
		return fact{"answers", "OFFLINE: every answer is made up by the embedded Bedrock; nothing goes to AWS"}
	}
	text := "Amazon Bedrock in " + g.bedrock.Region()
	if at := g.bedrock.Endpoint(); at != "" {
		text += ", at " + at
	}
	return fact{"answers", text}
}

// needsKey tells whether calls need a key just now.
func (g *gateway) needsKey() bool {
	return len(g.cfg.Access.APIKeys)+len(g.cfg.Access.Keys) > 0 || g.cfg.KeysRequired() || !g.guard.keys.Empty()
}

func (g *gateway) keys(ctx context.Context) fact {
	if !g.needsKey() {
		return fact{"keys", "none is asked for"}
	}
	n := len(g.cfg.Access.APIKeys) + len(g.cfg.Access.Keys)
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	stored, err := keys.NewRegistry(g.guard.store).List(ctx)
	if err != nil && stored == nil {
		return fact{"keys", fmt.Sprintf("asked for: %d in the settings, and those of the store, which does not answer", n)}
	}
	active := 0
	for i := range stored {
		if stored[i].State(time.Now()) == "active" {
			active++
		}
	}
	return fact{"keys", fmt.Sprintf("asked for: %d in the settings, %d in the store; outcrop key create makes one", n,
		active)}
}

func (g *gateway) state() fact {
	return fact{"state", "keys, budgets and usage in " + storeName(g.cfg)}
}

// storeName is where state is kept, in words.
func storeName(cfg *config.Config) string {
	switch cfg.Access.Store {
	case config.StoreMemory:
		return "memory, until the end of this process"
	case config.StoreRedis:
		return "Redis"
	case "":
		return cfg.Access.DefaultStore
	}
	return cfg.Access.Store
}

func (g *gateway) records() fact {
	if g.audit == nil {
		return fact{"records", "none are kept"}
	}
	if g.cfg.Audit.Dir == standardOutput {
		return fact{"records", "on standard output"}
	}
	dir := auditDir(g.cfg)
	if whole, err := filepath.Abs(dir); err == nil {
		dir = whole
	}
	return fact{"records", "in " + dir}
}

func (g *gateway) policy() fact {
	rules := &g.cfg.Security.SecurityRules
	var on []string
	add := func(is bool, name string) {
		if is {
			on = append(on, name)
		}
	}
	add(rules.Redaction.Enabled, "redaction of personal data")
	add(rules.Injection.Enabled, "scan for injections")
	add(len(on) == 0 && rules.Enabled(), "rules of the section security")
	m := &g.cfg.Security.Managed
	add(m.Guardrail.Identifier != "" || len(m.Checks) > 0, "Bedrock's detectors")
	add(len(g.cfg.Security.Profiles) > 0, fmt.Sprintf("%d profiles", len(g.cfg.Security.Profiles)))
	if len(on) == 0 {
		return fact{"policy", "off"}
	}
	return fact{"policy", strings.Join(on, ", ")}
}

func (g *gateway) kept() fact {
	switch {
	case g.cache == nil:
		return fact{"cache", "off"}
	case g.cfg.Redis.URL != "":
		return fact{"cache", "in memory and Redis"}
	}
	return fact{"cache", "in memory"}
}

func (g *gateway) list(base string) fact {
	return fact{"models", fmt.Sprintf("%d aliases; the list: %s%s/models", len(g.cfg.Models.Aliases), base, prefix(g.cfg))}
}

// example is a first call that can be pasted.
func (s *serving) example(g *gateway, base string) string {
	model, auth := "amazon.nova-lite-v1:0", ""
	if _, ok := g.cfg.Models.Aliases["gpt-4o"]; ok && s.offline {
		model = "gpt-4o"
	}
	if g.needsKey() {
		auth = " -H 'authorization: Bearer YOUR_KEY'"
	}
	return fmt.Sprintf("curl %s%s/chat/completions%s -H 'content-type: application/json' -d '%s'", base,
		prefix(g.cfg), auth,
		strings.ReplaceAll(`{"model":"MODEL","messages":[{"role":"user","content":"Hello!"}]}`, "MODEL", model))
}

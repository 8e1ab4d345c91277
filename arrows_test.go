// Package outcrop holds nothing but the check that the packages import each other as the architecture says.
package outcrop

import (
	"os/exec"
	"strings"
	"testing"
)

// arrows says which packages of ours each package may import, not counting tests (docs/decisions/0002).
var arrows = map[string][]string{
	"openai":           {},
	"internal/catalog": {},
	"cache":            {"internal/redis"},
	"internal/redis":   {},

	"policy":           {"openai", "policy/finding", "policy/form", "policy/person", "policy/injection"},
	"policy/finding":   {},
	"policy/form":      {"policy/finding", "internal/wordlist"},
	"policy/person":    {"policy/finding", "internal/wordlist"},
	"policy/injection": {"policy/finding", "internal/wordlist"},

	"internal/audit":            {},
	"internal/background":       {},
	"internal/flow":             {},
	"internal/test/redistest":   {},
	"internal/access":           {},
	"internal/access/keys":      {"openai", "internal/access", "internal/store"},
	"internal/access/limits":    {"openai", "internal/access", "internal/store"},
	"internal/access/budgets":   {"openai", "internal/access", "internal/access/usage", "internal/store"},
	"internal/access/usage":     {"internal/access", "internal/store"},
	"internal/store":            {},
	"internal/state":            {"internal/store"},
	"internal/wordlist":         {},
	"internal/store/memory":     {"internal/store"},
	"internal/store/sqlite":     {"internal/store"},
	"internal/store/redis":      {"internal/redis", "internal/store"},
	"internal/test/storetest":   {"internal/store"},
	"internal/media":            {},
	"internal/nearest":          {},
	"internal/telemetry":        {},
	"internal/test/wiretest":    {},
	"internal/test/growthtest":  {},
	"internal/test/rules":       {},
	"internal/test/rules/list":  {"internal/test/rules"},
	"internal/test/eval":        {"router", "router/score"},
	"internal/test/eval/report": {"internal/test/eval", "router/score"},
	"internal/bedrock":          {"openai", "internal/catalog", "internal/background", "internal/flow"},

	"internal/bedrock/offline": {"internal/bedrock/offline/shape", "internal/bedrock/offline/wire",
		"internal/bedrock/offline/rules",
		"internal/bedrock/offline/answer", "internal/bedrock/offline/guardrail", "internal/bedrock/offline/replay"},
	"internal/bedrock/offline/shape":     {},
	"internal/bedrock/offline/wire":      {"internal/bedrock/offline/shape"},
	"internal/bedrock/offline/answer":    {"internal/bedrock/offline/shape", "internal/bedrock/offline/wire"},
	"internal/bedrock/offline/rules":     {"internal/bedrock/offline/wire", "internal/bedrock/offline/answer"},
	"internal/bedrock/offline/guardrail": {"internal/bedrock/offline/wire", "internal/bedrock/offline/answer"},
	"internal/bedrock/offline/replay":    {"internal/bedrock/offline/wire"},

	// of media only the type of fetched bytes, and what bytes look like
	"translate":          {"openai", "internal/media"},
	"translate/converse": {"openai", "internal/catalog", "internal/media", "internal/rawjson", "translate"},
	"translate/chat":     {"openai", "internal/catalog", "internal/rawjson", "translate", "translate/converse"},
	// a chat is what it makes of a request, and of a chat's parts an answer
	"translate/responses":   {"openai", "internal/rawjson", "translate", "translate/chat", "translate/converse"},
	"internal/rawjson":      {},
	"translate/embed":       {"openai", "internal/catalog", "internal/rawjson", "translate", "translate/tokens"},
	"translate/tokens":      {},
	"translate/completions": {"openai", "internal/rawjson", "translate/tokens"},
	"internal/test/golden":  {"openai"},
	"router":                {"openai", "internal/catalog", "router/score"},
	"router/score":          {"internal/wordlist"},
	"internal/upstream":     {"openai", "internal/catalog"},
	"internal/dialect":      {"openai", "internal/nearest", "internal/rawjson", "translate", "translate/responses", "translate/completions"},
	// values only: no stage
	"internal/call": {"openai", "internal/catalog", "internal/access", "internal/access/limits",
		"internal/access/budgets", "internal/media", "internal/upstream", "internal/audit", "translate", "router"},
	"internal/observe": {"openai", "internal/call", "internal/catalog", "internal/access", "internal/access/usage",
		"internal/telemetry", "internal/upstream", "internal/audit"},
	"internal/judge": {"openai", "internal/call", "internal/telemetry", "policy"},
	"internal/inspect": {"openai", "internal/call", "internal/judge", "internal/access", "internal/telemetry",
		"internal/audit", "policy", "translate/embed"},
	"internal/recall": {"openai", "internal/call", "internal/flow", "internal/catalog", "internal/media", "internal/telemetry",
		"cache", "translate", "translate/chat", "translate/embed"},
	"internal/attempt": {"openai", "internal/call", "internal/catalog", "internal/access", "internal/telemetry",
		"internal/upstream", "translate", "translate/chat", "translate/embed"},
	"internal/pipeline": {"openai", "internal/call", "internal/observe", "internal/inspect", "internal/recall",
		"internal/attempt", "internal/catalog", "internal/access", "internal/access/limits", "internal/access/budgets",
		"internal/access/usage", "internal/media", "internal/telemetry", "internal/upstream", "translate",
		"translate/chat", "router"},
	"server": {"openai", "internal/dialect", "internal/flow", "internal/access", "internal/access/keys", "internal/access/limits",
		"internal/access/usage", "internal/telemetry", "internal/upstream", "internal/call", "internal/observe",
		"internal/pipeline", "internal/audit", "internal/nearest", "translate"},
	// their Config structs and checks
	"internal/config": {"internal/nearest", "internal/redis", "internal/access", "internal/access/keys",
		"internal/access/limits", "internal/access/budgets", "internal/access/usage", "internal/catalog", "router", "cache",
		"policy", "internal/audit", "internal/judge", "internal/recall", "internal/upstream"},
	"cmd/outcrop": {"internal/nearest", "openai", "internal/dialect", "internal/access", "internal/access/keys",
		"internal/access/limits", "internal/access/budgets", "internal/access/usage", "internal/background",
		"internal/bedrock", "internal/bedrock/offline", "internal/catalog", "internal/config",
		"internal/media", "internal/attempt", "internal/call", "internal/inspect", "internal/judge", "internal/recall",
		"internal/pipeline", "internal/telemetry", "internal/audit", "cache", "policy", "internal/upstream", "router",
		"server", "translate",
		"internal/store/memory", "internal/store/redis", "internal/store/sqlite"},
}

// pure packages may not reach for I/O, clocks or randomness.
var pure = map[string][]string{
	"translate":             translation,
	"translate/chat":        translation,
	"translate/converse":    translation,
	"translate/embed":       translation,
	"translate/completions": translation,
	"translate/tokens":      translation,
	"translate/responses":   translation,
	"router":                {"context", "net/http", "os", "log", "log/slog"},
	"router/score":          {"context", "net/http", "os", "log", "log/slog", "time"},
}

var translation = []string{"context", "net/http", "os", "log", "log/slog", "math/rand", "crypto/rand", "time"}

func TestArrows(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`,
		"./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		pkg := strings.TrimPrefix(words[0], "outcrop/")
		if pkg == "outcrop" || strings.HasPrefix(pkg, "examples") {
			continue
		}
		allowed, ok := arrows[pkg]
		if !ok {
			t.Errorf("%s has no row in arrows", pkg)
			continue
		}
		seen++
		for _, imp := range words[1:] {
			if name, ours := strings.CutPrefix(imp, "outcrop/"); ours && !contains(allowed, name) {
				t.Errorf("%s must not import %s", pkg, name)
			}
			if contains(pure[pkg], imp) {
				t.Errorf("R-GEN-11 %s is pure and must not import %s", pkg, imp)
			}
		}
	}
	if seen != len(arrows) {
		t.Errorf("%d packages found, %d have a row in arrows", seen, len(arrows))
	}
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

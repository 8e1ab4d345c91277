package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"outcrop/internal/store"
	"outcrop/internal/store/sqlite"
)

func TestUsageCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outcrop.db")
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // a gateway may have it open meanwhile
	hour := time.Now().Unix() / 3600
	rows := []store.Usage{
		{UsageKey: store.UsageKey{Hour: hour, Tenant: "acme", Key: "key_1", Model: "m1", Tags: "project=x"},
			UsageSums: store.UsageSums{Requests: 2, Cached: 1, Input: 10, Cost: 1_500_000_000}},
		{UsageKey: store.UsageKey{Hour: hour, Tenant: "other", Key: "key_2", Model: "m2"},
			UsageSums: store.UsageSums{Requests: 3}},
		{UsageKey: store.UsageKey{Hour: hour - 10_000, Tenant: "acme", Key: "key_1", Model: "m1"},
			UsageSums: store.UsageSums{Requests: 100}},
	}
	if err := s.AddUsage(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	usage := func(args ...string) (string, error) {
		cmd := command()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SetArgs(append([]string{"usage", "--store", path}, args...))
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	table, err := usage("--group-by", "tenant,key,tag:project")
	if err != nil || strings.Count(table, "\n") != 4 || !strings.Contains(table, "1.50") ||
		!strings.Contains(table, "total") {
		t.Errorf("%v\n%s", err, table)
	}
	list, err := usage("--format", "csv", "--group-by", "model", "--tenant", "acme")
	if err != nil || list != "model,requests,cached,errors,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,cost_usd,estimated,unpriced\nm1,2,1,0,10,0,0,0,1.50,0,0\n" {
		t.Errorf("%v\n%s", err, list)
	}
	all, err := usage("--format", "json", "--from", "1970-01-02", "--key", "key_1")
	var report struct{ Total struct{ Requests int } }
	if bad := json.Unmarshal([]byte(all), &report); err != nil || bad != nil || report.Total.Requests != 102 {
		t.Errorf("%v, %v\n%s", err, bad, all)
	}
	for want, args := range map[string][]string{"key_1,,2,": {"--tag", "project=x"}, "key_2,,3,": {"--model", "m2"},
		"": {"--tag", "project=x", "--model", "m2"}} {
		out, err := usage(append(args, "--format", "csv", "--group-by", "key")...)
		if _, row, _ := strings.Cut(out, "\n"); err != nil || !strings.HasPrefix(row, want) || (want == "") != (row == "") ||
			strings.Count(row, "\n") > 1 {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	for _, args := range [][]string{{"--tag", "project"}, {"--tag", "a b=c"}, {"--from", "x"}, {"--group-by", "x"},
		{"--format", "x"}, {"--from", "2026-01-02", "--to", "2026-01-01"}} {
		if out, err := usage(args...); err == nil {
			t.Errorf("%v: %s", args, out)
		}
	}
}

package keys

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Shown is a key as people see it: neither secrets nor their hashes.
type Shown struct {
	Key
	State string `json:"state"`
}

// Shown gives the key as it stands now.
func (k Key) Shown(now time.Time) Shown {
	state := k.State(now)
	k.Hash, k.Former = Hash{}, nil
	return Shown{k, state}
}

// WriteTable writes keys for people, one a line.
func WriteTable(w io.Writer, list []Key, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tNAME\tTENANT\tSTATE\tCREATED\tEXPIRES\tREQUESTS/MIN\tBUDGET\tMAY USE")
	for _, k := range list {
		expires, limit, budget := "never", "-", "-"
		if !k.Expires.IsZero() {
			expires = k.Expires.Format(time.DateOnly)
		}
		if n := k.Limits.RequestsPerMinute; n > 0 {
			limit = fmt.Sprint(n)
		}
		if b := k.Budget; b != nil {
			budget = fmt.Sprintf("%s USD a %s", b.Amount, b.Period)
			if b.Period == "total" {
				budget = fmt.Sprintf("%s USD", b.Amount)
			}
		}
		fmt.Fprintln(t, strings.Join([]string{k.ID, cmp.Or(k.Name, "-"), cmp.Or(k.Tenant, "-"), k.State(now),
			k.Created.Format(time.DateOnly), expires, limit, budget, k.uses()}, "\t"))
	}
	return t.Flush()
}

// uses says in short what a key may use.
func (k *Key) uses() string {
	var parts []string
	for _, list := range []struct {
		name  string
		names []string
	}{{"models", k.Models}, {"tiers", k.Tiers}, {"endpoints", k.Endpoints}} {
		if len(list.names) > 0 {
			parts = append(parts, list.name+" "+strings.Join(list.names, ","))
		}
	}
	return cmp.Or(strings.Join(parts, "; "), "everything")
}

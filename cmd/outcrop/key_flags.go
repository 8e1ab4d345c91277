package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outcrop/internal/access"
	"outcrop/internal/access/keys"
)

// requestsOfCreated is how many requests a minute a created key has that is told nothing else.
const requestsOfCreated = 100

// keyFlags are the members of a key as flags.
type keyFlags struct {
	members    keys.Key
	budget     string
	period     string
	warning    int
	guardrail  string
	extensions string
	expires    string
	networks   []string
}

func (f *keyFlags) add(cmd *cobra.Command) {
	to := cmd.Flags()
	k := &f.members
	to.StringVar(&k.Name, "name", "", "what the key is for")
	to.StringVar(&k.Tenant, "tenant", "", "whose data it works on; without one the key is a tenant of its own")
	to.StringSliceVar(&k.Models, "models", nil, "models it may use, asked for by these names or served by these ids")
	to.StringSliceVar(&k.Tiers, "tiers", nil, "tiers it may use")
	to.StringSliceVar(&k.Endpoints, "endpoints", nil, "endpoints it may call")
	to.Int64Var(&k.Limits.RequestsPerMinute, "requests-per-minute", requestsOfCreated, "requests a minute; 0 is no limit")
	to.Int64Var(&k.Limits.TokensPerMinute, "tokens-per-minute", 0, "tokens a minute; 0 is no limit")
	to.Int64Var(&k.Limits.Concurrent, "concurrent", 0, "requests under way; 0 is no limit")
	to.StringVar(&f.budget, "budget", "", "USD it may cost in a period, such as 50 or 12.50")
	to.StringVar(&f.period, "budget-period", "month", "day, week, month or total")
	to.IntVar(&f.warning, "budget-warning", 80, "percent of the budget at which warnings begin; 0 is never")
	to.StringVar(&k.Priority, "priority", "", "highest priority of its requests: interactive, normal or batch")
	to.StringVar(&f.guardrail, "guardrail", "", "guardrail that every request gets, as ID:VERSION")
	to.StringVar(&k.Profile, "profile", "", "policy profile of its requests")
	to.Int64Var(&k.MaxTokens, "max-tokens", 0, "cap on the token limit of a request; 0 is none")
	to.StringVar(&f.extensions, "extensions", "all", "extension members its requests may carry: all, none or a list")
	to.StringVar(&f.expires, "expires", "", "when it ends: a date, a time as in RFC 3339, or from now such as 90d or 12h")
	to.StringSliceVar(&f.networks, "networks", nil, "networks (CIDR) or addresses its calls may come from")
	to.BoolVar(&k.StoreText, "store-text", false, "records of its calls may hold text")
}

// key is the key that the flags describe.
func (f *keyFlags) key(now time.Time) (keys.Key, error) {
	k := f.members
	var err error
	if f.budget != "" {
		var amount access.MicroUSD
		if err := amount.UnmarshalText([]byte(f.budget)); err != nil {
			return k, fmt.Errorf("--budget %w", err)
		}
		k.Budget = &access.Budget{Amount: amount, Period: f.period, SoftPercent: f.warning}
	}
	if f.guardrail != "" {
		at := strings.LastIndexByte(f.guardrail, ':') // an ARN has more of them
		if at < 0 {
			return k, errors.New("--guardrail must be ID:VERSION")
		}
		k.Guardrail = &access.Guardrail{Identifier: f.guardrail[:at], Version: f.guardrail[at+1:]}
	}
	switch f.extensions {
	case "all":
	case "none", "":
		k.Extensions = &[]string{}
	default:
		list := strings.Split(f.extensions, ",")
		k.Extensions = &list
	}
	if k.Networks, err = networks(f.networks); err != nil {
		return k, err
	}
	k.Expires, err = expiry(f.expires, now)
	return k, err
}

func networks(list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range list {
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			all = append(all, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("--networks: %q is neither a network such as 10.1.0.0/16 nor an address", text)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// expiry reads a moment, or a time from now; "" is the zero time, which is never.
func expiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	var m access.Moment
	err := m.UnmarshalText([]byte(text))
	if err == nil {
		return m.Time, nil
	}
	const day = 24 * time.Hour
	d, not := time.ParseDuration(text)
	if number, days := strings.CutSuffix(text, "d"); days {
		d, not = time.ParseDuration(number + "h")
		d *= day / time.Hour
	}
	if not != nil || d <= 0 {
		return time.Time{}, fmt.Errorf("--expires %w, or a time from now such as 90d or 12h", err)
	}
	return now.Add(d).UTC().Truncate(time.Second), nil
}

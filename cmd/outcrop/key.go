package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"outcrop/internal/access/keys"
	"outcrop/internal/config"
)

func keyCommand() *cobra.Command {
	var k keyring
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make, list, revoke and rotate API keys",
		Long: `Make, list, revoke and rotate API keys, in the store of a gateway: the file access.store, or Redis.

A gateway on the same store knows of every change within about two seconds; it need not be
restarted, and it may run meanwhile. A key is printed once, when it is made. Only its SHA-256 is
kept.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := cmd.PersistentFlags()
	f.StringVar(&k.source.Path, "config", "", "configuration file (YAML) of the gateway, which names the store")
	f.StringVar(&k.store, "store", "", "path of the store, or redis; instead of that of the configuration")
	f.BoolVar(&k.asJSON, "json", false, "write JSON")
	cmd.AddCommand(k.create(), k.list(), k.revoke(), k.rotate())
	return cmd
}

// keyring is what the commands of keys share.
type keyring struct {
	source config.Source
	store  string
	name   string         // of the store that was opened
	cfg    *config.Config // that named it
	asJSON bool
}

// open opens the store of the settings for work on its keys.
func (k *keyring) open(ctx context.Context) (*keys.Registry, func(), error) {
	s, err := k.openStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	return keys.NewRegistry(s), func() { _ = s.Close() }, nil
}

// openStore opens the store of the settings.
func (k *keyring) openStore(ctx context.Context) (stateStore, error) {
	k.source.Environ = os.Environ()
	if k.store != "" {
		k.source.Environ = append(k.source.Environ, "OUTCROP_ACCESS_STORE="+k.store)
	}
	k.source.Overrides.Insecure = true // nothing listens
	cfg, err := config.Load(k.source)
	if err != nil {
		return nil, err
	}
	if cfg.Access.Store == config.StoreMemory {
		return nil, errors.New("access.store is memory, which no other process can reach: name a file or redis")
	}
	k.name, k.cfg = storeName(cfg), cfg
	return openStore(ctx, cfg)
}

func (k *keyring) create() *cobra.Command {
	var of keyFlags
	var noStore bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make a key and print it, this once",
		Long: `Make a key. Its first line of output is the key, which is printed this once, the second its id.

What is left out restricts nothing, but for requests a minute, of which there are 100. In names of
models, tiers and endpoints * stands for any characters. A key for tiers alone may use these and
name no model. Endpoints are chat.completions, embeddings, models, outcrop.route and so on.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if noStore {
				secret, hash := keys.Secret()
				return k.shown(cmd.OutOrStdout(), secret, hash.String(), struct {
					Key  string    `json:"key"`
					Hash keys.Hash `json:"hash"`
				}{secret, hash})
			}
			key, err := of.key(time.Now())
			if err != nil {
				return &usageError{cmd, err}
			}
			for _, e := range matchNothing(key.Endpoints, endpoints) {
				return &usageError{cmd, fmt.Errorf("--endpoints: %q is no endpoint%s: %s", e, suggest(e, endpoints),
					strings.Join(endpoints, ", "))}
			}
			r, done, err := k.open(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			secret, made, err := r.Create(cmd.Context(), key)
			if err != nil {
				return err
			}
			for _, m := range matchNothing(key.Models, append(namesBy(k.cfg), given(k.cfg, key.Models)...)) {
				fmt.Fprintf(cmd.ErrOrStderr(), "warning: --models: no model that these settings know is called %q%s\n", m,
					suggest(m, namesBy(k.cfg)))
			}
			return k.shown(cmd.OutOrStdout(), secret, made.ID, newKey{secret, made.Shown(time.Now())})
		},
	}
	of.add(cmd)
	cmd.Flags().BoolVar(&noStore, "no-store", false, "keep nothing; print the key and its hash, for access.keys of the "+
		"configuration")
	return cmd
}

// newKey is a key with its secret.
type newKey struct {
	Key string `json:"key"`
	keys.Shown
}

// shown prints a new key, and what goes with it.
func (k *keyring) shown(w io.Writer, secret, second string, whole any) error {
	if k.asJSON {
		return writeJSON(w, whole)
	}
	_, err := fmt.Fprintf(w, "%s\n%s\n", secret, second)
	return err
}

func (k *keyring) list() *cobra.Command {
	var tenant string
	var all bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List keys, without anything secret",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, done, err := k.open(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			found, unread := r.List(cmd.Context())
			if unread != nil && found == nil {
				return unread
			}
			now := time.Now()
			found = slices.DeleteFunc(found, func(key keys.Key) bool {
				return cmd.Flags().Changed("tenant") && key.Tenant != tenant || !all && key.State(now) == "revoked"
			})
			if len(found) == 0 && !k.asJSON {
				fmt.Fprintln(cmd.ErrOrStderr(), "no keys in "+k.name+"; outcrop key create makes one")
			}
			return errors.Join(k.table(cmd.OutOrStdout(), found, now), unread)
		},
	}
	cmd.Flags().StringVar(&tenant, "tenant", "", "only keys of this tenant")
	cmd.Flags().BoolVar(&all, "all", false, "revoked keys too")
	return cmd
}

func (k *keyring) table(w io.Writer, list []keys.Key, now time.Time) error {
	if k.asJSON {
		shown := make([]keys.Shown, len(list))
		for i, key := range list {
			shown[i] = key.Shown(now)
		}
		return writeJSON(w, shown)
	}
	return keys.WriteTable(w, list, now)
}

func (k *keyring) revoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID…",

		ValidArgsFunction: k.keyIDs,

		Short: "End keys, for ever",
		Long: "End keys, each named by its id, its name if only one has it, or the key itself. Gateways know within " +
			"about two seconds.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, which []string) error {
			r, done, err := k.open(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			var revoked []keys.Key
			var failed []error
			for _, id := range which {
				key, err := r.Revoke(cmd.Context(), id)
				if err != nil {
					failed = append(failed, err)
					continue
				}
				revoked = append(revoked, key)
				if !k.asJSON {
					fmt.Fprintf(cmd.OutOrStdout(), "%s is revoked\n", key.ID)
				}
			}
			if len(revoked) > 0 {
				k.lastKey(cmd, r)
			}
			if k.asJSON {
				failed = append(failed, k.table(cmd.OutOrStdout(), revoked, time.Now()))
			}
			return errors.Join(failed...)
		},
	}
}

// lastKey says what follows when no key is left: the gate stays shut, and who has only tried keys out wants it open
// again.
func (k *keyring) lastKey(cmd *cobra.Command, r *keys.Registry) {
	left, err := r.List(cmd.Context())
	now := time.Now()
	if err != nil || slices.ContainsFunc(left, func(key keys.Key) bool { return key.State(now) == "active" }) {
		return
	}
	fmt.Fprintf(cmd.ErrOrStderr(), `That was the last key of this store. A gateway on it goes on asking for keys, so that
losing them opens nothing.
  another key:               outcrop key create
  a gateway without keys:    stop it and start it with an access.store (OUTCROP_STATE) that never held a key,
                             such as memory, or remove the store if nothing else in it is needed: %s
`, k.name)
}

func (k *keyring) rotate() *cobra.Command {
	var grace time.Duration
	cmd := &cobra.Command{
		Use: "rotate ID",

		ValidArgsFunction: k.keyIDs,

		Short: "Give a key a new secret and print it, this once",
		Long: `Give a key a new secret. Id, tenant, limits, budget and everything else stay. The old secret is
valid for the grace, so that clients can be changed without a break; with --grace 0 it ends at once,
as after a leak. The first line of output is the key, the second its id.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, which []string) error {
			if grace < 0 {
				return errors.New("--grace must not be negative")
			}
			r, done, err := k.open(cmd.Context())
			if err != nil {
				return err
			}
			defer done()
			secret, key, err := r.Rotate(cmd.Context(), which[0], grace)
			if err != nil {
				return err
			}
			return k.shown(cmd.OutOrStdout(), secret, key.ID, newKey{secret, key.Shown(time.Now())})
		},
	}
	cmd.Flags().DurationVar(&grace, "grace", 24*time.Hour, "how long the old secret stays valid")
	return cmd
}

func writeJSON(w io.Writer, v any) error {
	b, err := json.Marshal(v, jsontext.WithIndent("  "))
	if err == nil {
		_, err = w.Write(append(b, '\n'))
	}
	return err
}

package main

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outcrop/internal/config"
	"outcrop/router"
)

// endpoints are what keys may be allowed to call.
var endpoints = []string{
	"chat.completions", "completions", "responses", "embeddings", "moderations", "models",
	"outcrop.provenance", "outcrop.route", "outcrop.targets", "outcrop.usage",
}

// values are what flags take, by their names, where that is a short list.
var values = map[string][]string{
	"format":        {"table", "csv", "json"},
	"group-by":      {"key", "tenant", "model", "hour", "day", "tag:"},
	"priority":      {"interactive", "normal", "batch"},
	"budget-period": {"day", "week", "month", "total"},
	"extensions":    {"all", "none"},
	"endpoints":     endpoints,
}

// completions lets shells complete the values of flags and the ids of keys.
func completions(cmd *cobra.Command) {
	for name, list := range values {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, oneOf(func() []string { return list })) // it fails for unknown flags only
		}
	}
	for _, name := range []string{"models", "model"} {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, oneOf(modelNames))
		}
	}
	if cmd.Flags().Lookup("config") != nil {
		_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	}
	for _, sub := range cmd.Commands() {
		completions(sub)
	}
}

// oneOf completes the last word of a list with commas.
func oneOf(list func() []string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndexByte(typed, ',')+1]
		var found []string
		for _, v := range list() {
			if strings.HasPrefix(v, typed[len(before):]) {
				found = append(found, before+v)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

// keyIDs completes the ids of the keys in the store, with their names.
func (k *keyring) keyIDs(cmd *cobra.Command, given []string, _ string) ([]string, cobra.ShellCompDirective) {
	r, done, err := k.open(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer done()
	keys, _ := r.List(cmd.Context()) // what can be read will do
	var found []string
	for _, key := range keys {
		if key.State(time.Now()) == "active" && !slices.Contains(given, key.ID) {
			found = append(found, key.ID+"\t"+key.Name)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// modelNames are the names that a gateway without settings knows.
func modelNames() []string { return namesBy(config.Default()) }

// namesBy are the names of models that a gateway knows by its settings: ids, aliases and tiers.
func namesBy(cfg *config.Config) []string {
	live, err := routes(cfg, cmp.Or(cfg.Bedrock.Region, "us-east-1"))
	if err != nil {
		return nil
	}
	list := modelsOf(live)
	for tier := range cfg.Router.Tiers {
		list = append(list, tier)
	}
	return append(list, "auto")
}

// modelsOf are the ids and aliases that a gateway shows.
func modelsOf(live *router.Live) []string {
	var list []string
	for _, m := range live.Models(time.Now()) {
		list = append(list, m.ID)
	}
	return list
}

// matchNothing gives the patterns that none of the names fits.
func matchNothing(patterns, names []string) []string {
	return slices.DeleteFunc(slices.Clone(patterns), func(p string) bool {
		fits := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*") + "$")
		return slices.ContainsFunc(names, fits.MatchString)
	})
}

// given are those of the names that a gateway knows although its list does not show them, such as ids of inference
// profiles.
func given(cfg *config.Config, names []string) []string {
	live, err := routes(cfg, cmp.Or(cfg.Bedrock.Region, "us-east-1"))
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		_, known := live.Model(name, time.Now())
		return !known && !strings.HasPrefix(name, "arn:")
	})
}

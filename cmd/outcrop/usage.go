package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"outcrop/internal/access/keys"
	"outcrop/internal/access/usage"
)

func usageCommand() *cobra.Command {
	var k keyring
	var from, to, groupBy, format, tenant, key, model string
	var tags []string
	cmd := &cobra.Command{
		Use:   "usage",
		Short: "Show who has used how much, and what it cost",
		Long: `Show who has used how much, and what it cost, from the store of a gateway, which may run meanwhile
and has written all but its last second.

Times are dates, as in RFC 3339, or seconds since 1970; whole hours are counted. Without them it is
the last 30 days. Groups are key, tenant, model, hour, day and tag:NAME, of the tags that usage.tags
names, with commas between them. Beside the id of a key stands its name.

Columns: requests with an answer from the cache count as cached too; estimated are those whose
tokens Bedrock did not tell, and unpriced those of models without a price in the catalogue, which
cost nothing here. Refused requests stand under the model none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, argument, err := usage.ParseQuery(from, to, groupBy, time.Now())
			if err != nil {
				return fmt.Errorf("--%s %w", map[string]string{"group_by": "group-by", "from": "from", "to": "to"}[argument], err)
			}
			for name, value := range map[string]string{"tenant": tenant, "key": key, "model": model} {
				if cmd.Flags().Changed(name) {
					q.Only(name, value)
				}
			}
			for _, tag := range tags {
				if name, value, ok := strings.Cut(tag, "="); !ok || !q.Only("tag:"+name, value) {
					return errors.New("--tag must be NAME=VALUE")
				}
			}
			s, err := k.openStore(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { _ = s.Close() }()
			report, err := usage.Read(cmd.Context(), s, q)
			if err != nil {
				return err
			}
			report.NameKeys(func() map[string]string { return keyNames(cmd.Context(), s) })
			switch out := cmd.OutOrStdout(); format {
			case "table":
				return report.WriteTable(out)
			case "csv":
				return report.WriteCSV(out)
			case "json":
				_, err := out.Write(append(report.AppendJSON(nil), '\n'))
				return err
			}
			return errors.New("--format must be table, csv or json")
		},
	}
	f := cmd.Flags()
	f.StringVar(&k.source.Path, "config", "", "configuration file (YAML) of the gateway, which names the store")
	f.StringVar(&k.store, "store", "", "path of the store, or redis; instead of that of the configuration")
	f.StringVar(&from, "from", "", "beginning (default 30 days before the end)")
	f.StringVar(&to, "to", "", "end (default now)")
	f.StringVar(&groupBy, "group-by", "model", "what to add up by")
	f.StringVar(&tenant, "tenant", "", "of this tenant only; \"\" is keys without one")
	f.StringVar(&key, "key", "", "of the key with this id only")
	f.StringVar(&model, "model", "", "of this model only")
	f.StringArrayVar(&tags, "tag", nil, "of this value of a tag only, as NAME=VALUE; may be repeated")
	f.StringVar(&format, "format", "table", "table, csv or json")
	return cmd
}

// keyNames gives the names of stored keys by their ids; one that cannot be read has none.
func keyNames(ctx context.Context, s stateStore) map[string]string {
	names := map[string]string{}
	stored, _ := keys.NewRegistry(s).List(ctx)
	for _, k := range stored {
		names[k.ID] = k.Name
	}
	return names
}

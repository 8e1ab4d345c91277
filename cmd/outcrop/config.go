package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"outcrop/internal/config"
)

func configCommand() *cobra.Command {
	var path, check string
	var defaults, markdown, schema bool
	cmd := &cobra.Command{
		Use:   "config [--config FILE] [--check FILE | --defaults | --markdown | --schema]",
		Short: "Show the settings in force, and where each was made",
		Long: `Without flags, write the settings that a gateway started here would have, as a configuration file;
behind each stands the place where it was made: file:line:column, the name of a variable, or
"default". Secrets are not shown.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var text []byte
			var err error
			source := config.Source{Path: cmp.Or(check, path), Environ: os.Environ(),
				KeysStored: keysStored(cmd.Context(), false)}
			switch {
			case check != "" && path != "":
				return errors.New("--check names the file itself; leave --config out")
			case defaults:
				text = config.Defaults()
			case markdown:
				text = config.Markdown()
			case schema:
				text = config.Schema()
			case check != "":
				var cfg *config.Config
				if cfg, err = config.Load(source); err == nil {
					text = fmt.Appendf(nil, "%s: no complaints\n", check)
					for _, w := range cfg.Warnings {
						fmt.Fprintln(cmd.ErrOrStderr(), w)
					}
				}
			default:
				text, err = config.Effective(source)
			}
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "config", "", "configuration file (YAML)")
	f.StringVar(&check, "check", "", "load this file and the environment, and report every complaint at once")
	f.BoolVar(&defaults, "defaults", false, "write a file of all defaults, each below what it is for")
	f.BoolVar(&markdown, "markdown", false, "write the page of all settings")
	f.BoolVar(&schema, "schema", false, "write the JSON Schema of the file, for editors")
	cmd.MarkFlagsMutuallyExclusive("check", "defaults", "markdown", "schema")
	return cmd
}

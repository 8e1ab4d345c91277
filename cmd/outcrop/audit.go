package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"outcrop/internal/audit"
	"outcrop/internal/config"
)

// auditing is what the commands of the audit log share.
type auditing struct {
	source  config.Source
	keyFile string
	public  []string
	partial bool
	asJSON  bool
}

func auditCommand() *cobra.Command {
	var a auditing
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Check the records of answers, and prove what was answered",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := cmd.PersistentFlags()
	f.StringVar(&a.source.Path, "config", "", "configuration file (YAML) of the gateway, which names folder and key")
	f.StringVar(&a.keyFile, "key", "", "file of the signing key; by default that of the gateway")
	cmd.AddCommand(a.verify(), a.prove(), a.printKey())
	return cmd
}

// paths are where the gateway of the settings keeps its files and its key.
func (a *auditing) paths() (dir string, err error) {
	a.source.Environ = os.Environ()
	a.source.Overrides.Insecure = true // nothing listens
	cfg, err := config.Load(a.source)
	if err != nil {
		return "", err
	}
	if a.keyFile == "" {
		a.keyFile = auditKey(cfg)
	}
	return auditDir(cfg), nil
}

// keys are those of the key file.
func (a *auditing) keys() (audit.Keys, error) {
	keys, err := audit.ReadKeys(a.keyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return keys, fmt.Errorf("there is no signing key in %s; a gateway that keeps records makes it at its first start: %w",
			a.keyFile, err)
	}
	return keys, err
}

// publicKeys are those of the flags, else that of the key file; none where there is no such file and nobody has named
// it.
func (a *auditing) publicKeys(named bool) ([]ed25519.PublicKey, error) {
	var all []ed25519.PublicKey
	for _, path := range a.public {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		key, err := audit.ReadPublic(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, key)
	}
	if len(all) > 0 && !named {
		return all, nil
	}
	keys, err := a.keys()
	if errors.Is(err, fs.ErrNotExist) && !named {
		return all, nil
	}
	if err != nil {
		return nil, err
	}
	return append(all, keys.PublicKey()), nil
}

func (a *auditing) verify() *cobra.Command {
	var partial bool
	cmd := &cobra.Command{
		Use:   "verify [PATH…]",
		Args:  cobra.ArbitraryArgs,
		Short: "Prove that no record was changed, and none removed before the last seal",
		Long: `Prove that no record was changed, and none removed before the last seal, in folders or files;
without a PATH in the folder of the gateway. The exit code is 1 when anything is wrong, and when
there are no records. It may run while the gateway does.

Without a key, the seals are only checked against the keys that the files themselves name.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.partial = partial
			named := a.keyFile != ""
			dir, err := a.paths()
			if err != nil {
				return err
			}
			if len(args) == 0 {
				if files, err := audit.Paths(dir); len(files) == 0 && (err == nil || errors.Is(err, fs.ErrNotExist)) {
					return fmt.Errorf("there are no records yet: a gateway with these settings keeps them in %s from its first "+
						"answer on", dir)
				}
				args = []string{dir}
			}
			return a.runVerify(cmd.OutOrStdout(), cmd.ErrOrStderr(), args, named)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&a.public, "public", nil, "file of a public key that may have signed, instead of that of the "+
		"signing key; may be repeated")
	f.BoolVar(&partial, "partial", false, "files may be missing before the first of a chain, and chains before others, "+
		"as in a copy of some of the files")
	f.BoolVar(&a.asJSON, "json", false, "write JSON")
	return cmd
}

func (a *auditing) runVerify(out, notes io.Writer, paths []string, named bool) error {
	public, err := a.publicKeys(named)
	if err != nil {
		return err
	}
	files, err := auditFiles(paths)
	if err != nil {
		return err
	}
	reports, err := audit.Verify(files, audit.Check{Public: public, Partial: a.partial})
	if err != nil {
		return err
	}
	if len(public) == 0 {
		fmt.Fprintln(notes, "note: there is no key to check with (--public, --key), so whoever wrote these files may have "+
			"written them anew")
	}
	broken := 0
	for _, r := range reports {
		if !r.OK() {
			broken++
		}
	}
	if a.asJSON {
		text, err := json.Marshal(map[string]any{"chains": reports, "ok": len(reports) > 0 && broken == 0},
			json.Deterministic(true))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s\n", text)
	} else {
		for _, r := range reports {
			fmt.Fprintln(out, r)
			for _, fault := range r.Faults {
				fmt.Fprintln(out, "  FAULT", fault)
			}
		}
	}
	const why = "broken: records were changed or removed, or these are not all files"
	switch {
	case len(reports) == 0:
		return fmt.Errorf("there are no records in %s", strings.Join(paths, ", "))
	case broken == 1:
		return errors.New("1 chain is " + why)
	case broken > 1:
		return fmt.Errorf("%d chains are "+why, broken)
	}
	return nil
}

func auditFiles(paths []string) ([]string, error) {
	var files []string
	for _, p := range paths {
		some, err := audit.Paths(p)
		if err != nil {
			return nil, err
		}
		files = append(files, some...)
	}
	return files, nil
}

func (a *auditing) printKey() *cobra.Command {
	var public bool
	cmd := &cobra.Command{
		Use:   "key --public",
		Short: "Print the public key that seals and manifests are checked with",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !public {
				return errors.New("only the public key can be printed: add --public")
			}
			if _, err := a.paths(); err != nil {
				return err
			}
			keys, err := a.keys()
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s", keys.Public())
			return nil
		},
	}
	cmd.Flags().BoolVar(&public, "public", false, "print the public key, in PEM")
	return cmd
}

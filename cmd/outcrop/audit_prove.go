package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"outcrop/internal/audit"
)

func (a *auditing) prove() *cobra.Command {
	var answer, manifest, dir string
	var partial bool
	cmd := &cobra.Command{
		Use:   "prove ID --answer FILE",
		Short: "Prove that a text came from this gateway, when and from which model",
		Long: `Prove that a text came from this gateway, when and from which model. ID is that of the record, as
the headers x-outcrop-provenance and x-request-id have it. FILE holds the text of a choice, the JSON
of an answer, or the events of a stream; - is standard input. The exit code is 1 when it is not
proven.

The chain that the record stands in is verified, and the digest of FILE compared with that of the
record, which needs the signing key. With --manifest neither records nor signing key are needed, but
the public key: the manifest is a file of its own, or stands in the JSON or the stream of an answer.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.partial = partial
			named := a.keyFile != ""
			from, err := a.paths()
			if err != nil {
				return err
			}
			if dir != "" {
				from = dir
				if own := filepath.Join(dir, keyName); !named && fileExists(own) {
					a.keyFile = own
				}
			}
			said, err := readFile(cmd.InOrStdin(), answer)
			if err != nil {
				return err
			}
			if manifest != "" {
				return a.proveManifest(cmd.OutOrStdout(), args, manifest, said, named)
			}
			if len(args) == 0 {
				return errors.New("name the record: outcrop audit prove ID --answer FILE")
			}
			return a.proveRecord(cmd.OutOrStdout(), from, args[0], said)
		},
	}
	f := cmd.Flags()
	f.StringVar(&answer, "answer", "", "file of the text, the JSON or the stream of an answer; - is standard input")
	f.StringVar(&manifest, "manifest", "", "file of the manifest, or of the answer with the manifest in it; needs no "+
		"records")
	f.StringVar(&dir, "dir", "", "folder or file of the records; by default the folder of the gateway")
	f.StringSliceVar(&a.public, "public", nil, "file of a public key that may have signed; may be repeated")
	f.BoolVar(&partial, "partial", true, "files may be missing before the first of a chain, and chains before others")
	_ = cmd.MarkFlagRequired("answer") // the flag is there
	return cmd
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func readFile(stdin io.Reader, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

func (a *auditing) proveRecord(out io.Writer, dir, id string, said []byte) error {
	keys, err := a.keys()
	if err != nil {
		return err
	}
	public, err := a.publicKeys(true)
	if err != nil {
		return err
	}
	files, err := auditFiles([]string{dir})
	if err != nil {
		return err
	}
	p, err := audit.Prove(files, keys, audit.Check{Public: public, Partial: a.partial}, audit.RecordID(id), said)
	if err != nil {
		return err
	}
	sealed := "sealed"
	if !p.Sealed {
		sealed = "not sealed yet, so that whoever can write the file could still have put it there"
	}
	fmt.Fprintf(out, "PROVEN: %s\n  record: %s in chain %s, %s\n", p, p.ID, p.Chain.Chain, sealed)
	if r := p.Record; r.Outcome != "ok" {
		fmt.Fprintf(out, "  the answer did not come to its end: %s\n", r.Outcome)
	} else if r.Cache == "hit" {
		fmt.Fprintln(out, "  it was answered from the cache")
	}
	return nil
}

func (a *auditing) proveManifest(out io.Writer, args []string, path string, said []byte, named bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	m := audit.ReadManifest(text)
	if m == nil {
		return fmt.Errorf("%s holds no manifest", path)
	}
	if len(args) > 0 && audit.RecordID(args[0]) != m.ID {
		return fmt.Errorf("%w: the manifest is of %s", audit.ErrNotProven, m.ID)
	}
	public, err := a.publicKeys(named)
	if err != nil {
		return err
	}
	if len(public) == 0 {
		return errors.New("name the public key with --public")
	}
	p, err := audit.ProveManifest(m, public, said)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "PROVEN: %s\n  manifest: %s, signed by key %s\n", p, m.ID, m.Key)
	return nil
}

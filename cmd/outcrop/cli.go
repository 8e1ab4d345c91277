package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit codes, as shells and their users expect them.
const (
	exitFailed = 1 // the work failed
	exitUsage  = 2 // the command line is wrong
	exitSignal = 128
)

// usageError is a fault of the command line.
type usageError struct {
	cmd *cobra.Command
	err error
}

func (u *usageError) Error() string {
	return fmt.Sprintf("%s\nsee %s --help", u.err, u.cmd.CommandPath())
}

func (u *usageError) Unwrap() error { return u.err }

// interrupted is the end of the context by a signal.
type interrupted struct{ signal syscall.Signal }

func (i *interrupted) Error() string { return i.signal.String() }

// exitCode is what the process ends with. A gateway that was told to stop and has drained ends well.
func exitCode(ctx context.Context, err error) int {
	var usage *usageError
	var by *interrupted
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(context.Cause(ctx), &by) && (errors.Is(err, context.Canceled) || errors.Is(err, by)):
		return exitSignal + int(by.signal)
	}
	return exitFailed
}

// signals gives a context that ends with the first SIGINT or SIGTERM. The second ends the process at once, whatever it
// is doing: also where the process was started with signals ignored, as scripts do with what they put into the
// background.
func signals() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	c := make(chan os.Signal, 2)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case got := <-c:
				by := got.(syscall.Signal) // os/signal gives no other kind
				if n > 0 {
					os.Exit(exitSignal + int(by))
				}
				cancel(&interrupted{by})
			case <-done:
				return
			}
		}
	}()
	return ctx, func() { close(done); cancel(nil) }
}

// strict makes every fault of the command line a usageError, with what may have been meant.
func strict(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &usageError{cmd, meant(cmd, err)} })
	takes := cmd.Args
	if cmd.HasSubCommands() {
		takes = func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
			case cmd.HasParent():
				return errors.New("a command is missing: " + strings.Join(names(cmd), ", "))
			default:
				return nil
			}
			return fmt.Errorf("unknown command %q%s", args[0], suggest(args[0], names(cmd)))
		}
		// of the program itself; Args refuses the others
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if takes == nil {
		takes = cobra.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := takes(cmd, args); err != nil {
			return &usageError{cmd, errors.New(strings.Replace(err.Error(), "unknown command", unexpected(cmd), 1))}
		}
		return nil
	}
	for _, sub := range cmd.Commands() {
		strict(sub)
	}
}

// unexpected is what an argument is that a command does not know: a command only where there are commands.
func unexpected(cmd *cobra.Command) string {
	if cmd.HasSubCommands() {
		return "unknown command"
	}
	return "unexpected argument"
}

func names(cmd *cobra.Command) []string {
	var list []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			list = append(list, sub.Name())
		}
	}
	return list
}

// meant adds the flag that a mistyped one is nearest to.
func meant(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return err
	}
	var flags []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			flags = append(flags, "--"+f.Name)
		}
	})
	return fmt.Errorf("%w%s", err, suggest("--"+unknown.GetSpecifiedName(), flags))
}

// suggest says which of the names may have been meant.
func suggest(name string, list []string) string {
	c := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, n := range list {
		c.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	found := c.SuggestionsFor(name)
	if len(found) == 0 {
		return ""
	}
	slices.Sort(found)
	return ", did you mean " + strings.Join(found, " or ") + "?"
}

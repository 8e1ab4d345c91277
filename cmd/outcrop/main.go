// Command outcrop is Amazon Bedrock, exposed as the OpenAI API.
//
// This package knows every concrete type and puts them together; nothing is decided here. Start at serve.go, which builds
// the gateway.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	// The first signal drains; a second one, no longer caught, ends the process as usual.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "outcrop:", err)
		os.Exit(1)
	}
}

// command is the whole command line.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "outcrop",
		Short:         "Amazon Bedrock, exposed as the OpenAI API",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), translateCommand(), scanCommand(), routeCommand(), keyCommand(), usageCommand(), auditCommand(), bedrockCommand(), versionCommand())
	return root
}

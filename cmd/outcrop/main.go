// Command outcrop is Amazon Bedrock, exposed as the OpenAI API.
//
// This package knows every concrete type and puts them together; nothing is decided here. Start at serve.go, which
// builds the gateway.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
)

func main() {
	redis.SetLogger(quiet{}) // before anything can open a connection
	ctx, done := signals()
	err := command().ExecuteContext(ctx)
	code := exitCode(ctx, err)
	if err != nil && !errors.As(err, new(*reported)) {
		fmt.Fprintln(os.Stderr, "outcrop:", err)
	}
	done()
	os.Exit(code)
}

// command is the whole command line.
func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "outcrop",
		Short:         "Amazon Bedrock, exposed as the OpenAI API",
		Version:       currentVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(serveCommand(), configCommand(), translateCommand(), scanCommand(), routeCommand(), keyCommand(),
		usageCommand(), auditCommand(), bedrockCommand(), versionCommand())
	root.SetVersionTemplate("outcrop {{.Version}}\n")
	root.InitDefaultCompletionCmd() // else Execute adds it, and nobody has made it strict
	strict(root)
	completions(root)
	return root
}

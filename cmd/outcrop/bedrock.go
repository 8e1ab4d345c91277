package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"outcrop/internal/bedrock/offline"
	"outcrop/internal/catalog"
)

func bedrockCommand() *cobra.Command {
	addr, cfg := "127.0.0.1:9000", offline.Config{Models: catalog.Data()}
	cmd := &cobra.Command{
		Use:   "bedrock",
		Short: "Serve the embedded offline Bedrock alone, for tests of AWS SDK code",
		Long: `Serve a small Bedrock that speaks the real wire protocol. Point any AWS SDK at it:

  export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:9000
  export AWS_ENDPOINT_URL_BEDROCK=http://127.0.0.1:9000
  export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=offline AWS_SECRET_ACCESS_KEY=offline`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			srv, err := offline.New(cfg)
			if err != nil {
				return err
			}
			l, err := new(net.ListenConfig).Listen(cmd.Context(), "tcp", addr)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "offline Bedrock on http://%s; every answer is made up here\n", l.Addr())
			return serveHTTP(cmd.Context(), srv, l)
		},
	}
	cmd.Flags().StringVar(&addr, "addr", addr, "address to listen on")
	cmd.Flags().StringVar(&cfg.Region, "region", "us-east-1", "region that it plays: which inference profiles it offers")
	offlineFlags(cmd, &cfg)
	return cmd
}

// offlineFlags are the flags that serve --offline and bedrock share.
func offlineFlags(cmd *cobra.Command, cfg *offline.Config) {
	cmd.Flags().StringVar(&cfg.Replay, "replay", "", "answer from the recordings in this folder")
	cmd.Flags().DurationVar(&cfg.Pace, "pace", 0, "pause between streamed events")
}

// serveHTTP serves h until ctx ends.
func serveHTTP(ctx context.Context, h http.Handler, l net.Listener) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

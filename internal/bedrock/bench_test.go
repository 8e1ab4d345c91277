package bedrock

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"

	"outcrop/internal/catalog"
)

const benchDeltas = 200

// bare is the SDK's client with nothing of ours around it, as the measure.
func bare(b *testing.B, url string) *bedrockruntime.Client {
	pool := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns,
			t.MaxIdleConnsPerHost = 1024, 1024
	})
	b.Cleanup(func() { closeUnused(pool.Freeze()) })
	return bedrockruntime.New(bedrockruntime.Options{
		Region: "us-east-1", BaseEndpoint: &url, HTTPClient: pool,
		Credentials: credentials.NewStaticCredentialsProvider(testKey, "SECRETEXAMPLE", ""),
	})
}

func BenchmarkConverse(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reply(w, plainReply)
	}))
	defer server.Close()
	in := plainInput()
	b.Run("bare SDK", func(b *testing.B) {
		client := bare(b, server.URL)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Converse(b.Context(), in); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ours", func(b *testing.B) {
		all := connect(b, server.URL)
		b.ReportAllocs()
		for b.Loop() {
			client, err := all.For(catalog.Target{Row: &catalog.Model{}})
			if err != nil {
				b.Fatal(err)
			}
			if _, err := client.Converse(b.Context(), in); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkConverseStream(b *testing.B) {
	body := bytes.Join([][]byte{frameStart, bytes.Repeat(frameHello, benchDeltas), frameStop, frameUsage}, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		streamed(w, body)
	}))
	defer server.Close()
	in := &bedrockruntime.ConverseStreamInput{ModelId: aws.String(testModel), Messages: hello()}
	perDelta := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchDeltas), "ns/delta")
	}
	b.Run(fmt.Sprintf("bare SDK, %d deltas", benchDeltas), func(b *testing.B) {
		client := bare(b, server.URL)
		b.ReportAllocs()
		for b.Loop() {
			out, err := client.ConverseStream(b.Context(), in)
			if err != nil {
				b.Fatal(err)
			}
			for range out.GetStream().Events() {
			}
			if err := out.GetStream().Close(); err != nil {
				b.Fatal(err)
			}
		}
		perDelta(b)
	})
	b.Run(fmt.Sprintf("ours, %d deltas", benchDeltas), func(b *testing.B) {
		client := clientOf(b, connect(b, server.URL), catalog.Target{})
		b.ReportAllocs()
		for b.Loop() {
			_, events, err := client.ConverseStream(b.Context(), in)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := drain(events); err != nil {
				b.Fatal(err)
			}
		}
		perDelta(b)
	})
}

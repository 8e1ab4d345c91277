// Package examples runs the example programs, each an unmodified OpenAI client, against a started gateway.
package examples

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// required says that a client which is not installed fails the test instead of skipping it.
func required() bool { return os.Getenv("CI") == "true" || os.Getenv("OUTCROP_CLIENTS") == "required" }

func TestClients(t *testing.T) {
	url := gateway(t)
	node := filepath.Join("node", "node_modules", "node", "bin", "node")
	for _, client := range []struct {
		name    string
		needs   string // a program or file that must be there
		install string
		cmd     []string
	}{
		{"curl", "curl", "install curl", []string{"curl/curl.sh"}},
		{"go-openai", "go", "install Go", []string{"go", "run", "./go-openai"}},
		{"openai-go", "go", "install Go", []string{"go", "run", "./openai-go"}},
		{"openai for Node", node, "run make clients", []string{node, "node/openai.mjs"}},
		{"openai for Node, errors", node, "run make clients", []string{node, "node/errors.mjs"}},
		{"openai for Node, parameters", node, "run make clients", []string{node, "node/parameters.mjs"}},
		{"openai for Node, tools", node, "run make clients", []string{node, "node/tools.mjs"}},
		{"openai for Node, structured output", node, "run make clients", []string{node, "node/structured.mjs"}},
		{"openai for Node, streams", node, "run make clients", []string{node, "node/streams.mjs"}},
		{"openai for Node, media", node, "run make clients", []string{node, "node/media.mjs"}},
		{"openai for Node, reasoning", node, "run make clients", []string{node, "node/reasoning.mjs"}},
		{"OpenAI Agents SDK", node, "run make clients", []string{node, "node/agents.mjs"}},
		{"LangChain JS", node, "run make clients", []string{node, "node/langchain.mjs"}},
		{"Vercel AI SDK", node, "run make clients", []string{node, "node/ai-sdk.mjs"}}, // twice: two providers
		{"Responses API, four SDKs", node, "run make clients", []string{node, "node/responses.mjs"}},
	} {
		t.Run(client.name, func(t *testing.T) {
			if _, err := exec.LookPath(client.needs); err != nil {
				if required() {
					t.Fatalf("%s is not there: %s", client.needs, client.install)
				}
				t.Skipf("%s is not there: %s", client.needs, client.install)
			}
			argv := built(t, client.cmd)
			before := hangUps(t, url)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
			cmd.Env = append(os.Environ(), "OPENAI_BASE_URL="+url, "OPENAI_API_KEY="+key)
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(out), "ok   "); n < 7 {
				t.Fatalf("only %d checks ran", n)
			}
			// Each abort in mid-stream reached the gateway as one, while the answer of many seconds was still under way.
			aborts := strings.Count(string(out), "abort in mid-stream")
			for deadline := time.Now().Add(5 * time.Second); aborts == 0 ||
				hangUps(t, url)-before < aborts; time.Sleep(20 * time.Millisecond) {
				if aborts == 0 || time.Now().After(deadline) {
					t.Fatalf("%d aborts of the client, %d hang-ups seen by the gateway", aborts, hangUps(t, url)-before)
				}
			}
		})
	}
}

// built builds the program that `go run` would run, so that the time limit of a client is for the client alone:
// compiling a large SDK takes minutes on a busy machine. Other commands stay as they are.
func built(t *testing.T, argv []string) []string {
	t.Helper()
	if len(argv) != 3 || argv[0] != "go" || argv[1] != "run" {
		return argv
	}
	bin := filepath.Join(t.TempDir(), filepath.Base(argv[2]))
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, argv[2]).CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return []string{bin}
}

// hangUps is how many calls the gateway counted whose client left before the end.
func hangUps(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimSuffix(url, "/v1")+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	n := 0
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		if _, count, ok := strings.Cut(s.Text(), `,outcome="canceled"} `); ok {
			i, err := strconv.Atoi(count)
			if err != nil {
				t.Fatal(err)
			}
			n += i
		}
	}
	return n
}

const key = "example-key-for-tests"

// forTests is what only this test asks of the gateway: images from a server on this machine (node/media.mjs starts it),
// and keep-alives after a silence that a test can wait for (node/streams.mjs looks for them).
const forTests = `
media:
  allow_http: true
  allow_private: [127.0.0.0/8]
stream:
  keep_alive: 150ms
`

// configuration writes the aliases of this folder to a file, and forTests beside them.
func configuration(t *testing.T) string {
	t.Helper()
	aliases, err := os.ReadFile("aliases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "outcrop.yaml")
	if err := os.WriteFile(file, append(aliases, forTests...), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// gateway builds the binary, starts it offline with that configuration, and gives its base URL.
func gateway(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "outcrop")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin,
		"../cmd/outcrop").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	// ended below, by signal
	cmd := exec.Command(bin, "serve", "--offline", "--config", configuration(t), "--addr", "127.0.0.1:0", "--pace", "2ms")
	cmd.Env = append(os.Environ(), "OUTCROP_API_KEYS="+key)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(stderr); s.Scan(); {
			if _, url, ok := strings.Cut(s.Text(), "serves the OpenAI API on "); ok {
				lines <- url
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		for range lines { // until the process has closed its end
		}
		if err := cmd.Wait(); err != nil {
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 0 {
				t.Errorf("the gateway ended with %v", err)
			}
		}
	})
	url, ok := <-lines
	if !ok {
		t.Fatal("the gateway ended before it served")
	}
	return url
}

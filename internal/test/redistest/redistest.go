// Package redistest gives tests a real Redis: each server is a process of its own on a socket in a folder of the test,
// keeps nothing, and ends with the test.
//
// It is for tests only. Start at [Start].
package redistest

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to answer for the first time.
const patience = 20 * time.Second

// Server is a running redis-server.
type Server struct {
	// URL is what a client is told: unix://…
	URL string

	t      testing.TB
	socket string
	file   string
	mode   []string
	cmd    *exec.Cmd // nil when stopped
	log    bytes.Buffer
}

// Start runs a Redis until the test is over. It listens on a socket only; settings are further lines of its
// configuration file, such as "port 7000", and those that begin with "sentinel" make it a sentinel. Without
// redis-server (make install-redis) the test is skipped, in CI it fails.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is not installed: make install-redis")
		}
		t.Skip("redis-server is not installed: make install-redis")
	}
	// not t.TempDir: the path of a socket may have about 100 bytes, and that one is as long as the test's name
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, socket: filepath.Join(dir, "redis.sock")}
	s.URL = "unix://" + s.socket
	t.Cleanup(func() {
		s.Stop()
		_ = os.RemoveAll(dir)
	})
	s.file = filepath.Join(dir, "redis.conf")
	file := append([]string{"port 0", "unixsocket " + s.socket, `save ""`, "appendonly no", "dir " + dir}, settings...)
	if err := os.WriteFile(s.file, []byte(strings.Join(file, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(settings, "\n"), "sentinel ") {
		s.mode = []string{"--sentinel"}
	}
	s.run(program)
	return s
}

// Stop kills the server, in the middle of whatever it does.
func (s *Server) Stop() {
	s.t.Helper()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it fails only for one that has ended by itself
	_ = s.cmd.Wait()         // "signal: killed"
	s.cmd = nil
	_ = os.Remove(s.socket)
}

// Freeze makes the server hang: connections stay, new ones are accepted, and nothing answers. Stop and Thaw end that.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Restart runs a stopped server again, empty, at the same place.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatal(err)
	}
	s.run(program)
}

// run starts the process and waits until it answers.
func (s *Server) run(program string) {
	s.t.Helper()
	s.log.Reset()
	cmd := exec.CommandContext(s.t.Context(), program, append([]string{s.file}, s.mode...)...)
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd = cmd
	for end := time.Now().Add(patience); !s.answers(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.Stop() // so that the log is complete
			s.t.Fatalf("redis-server does not answer:\n%s", s.log.String())
		}
	}
}

func (s *Server) answers() bool {
	conn, err := new(net.Dialer).DialContext(s.t.Context(), "unix", s.socket)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second)) // a connection without deadlines would only wait longer
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	reply, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && (strings.HasPrefix(reply, "+PONG") || strings.HasPrefix(reply, "-NOAUTH"))
}

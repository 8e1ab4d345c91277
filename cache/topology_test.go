package cache

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"outcrop/internal/redis"
	"outcrop/internal/test/redistest"
)

// The forms of a URL that mean more than one plain server, each against real ones.

func TestCluster(t *testing.T) {
	var nodes []*goredis.Client
	var ports []string
	for i := range 2 {
		port, bus := freePort(t), freePort(t)
		server := redistest.Start(t, "port "+port, "bind 127.0.0.1", "cluster-enabled yes", "cluster-port "+bus,
			"user outcrop on >password "+cacheRights(t))
		node := goredis.NewClient(&goredis.Options{Network: "unix", Addr: strings.TrimPrefix(server.URL, "unix://")})
		t.Cleanup(func() { _ = node.Close() })
		do(t, node, "cluster", "addslotsrange", 8192*i, 8192*i+8191)
		if i > 0 {
			do(t, node, "cluster", "meet", "127.0.0.1", ports[0], busOf(t, nodes[0]))
		}
		nodes, ports = append(nodes, node), append(ports, port)
	}
	for _, node := range nodes {
		within(t, "the cluster forms", func() bool {
			return strings.Contains(node.ClusterInfo(context.Background()).Val(), "cluster_state:ok")
		})
	}
	roundTrip(t, fmt.Sprintf("redis://outcrop:password@127.0.0.1:%s?addr=127.0.0.1:%s", ports[0], ports[1]))
	for i, node := range nodes {
		if n := node.DBSize(t.Context()).Val(); n == 0 {
			t.Errorf("node %d holds nothing", i)
		}
	}
}

func TestSentinel(t *testing.T) {
	port, sentinel := freePort(t), freePort(t)
	redistest.Start(t, "port "+port, "bind 127.0.0.1")
	redistest.Start(t, "port "+sentinel, "bind 127.0.0.1", "sentinel monitor main 127.0.0.1 "+port+" 1")
	roundTrip(t, "redis://127.0.0.1:"+sentinel+"?master_name=main")
}

func TestTLS(t *testing.T) {
	port, dir := freePort(t), t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	selfSigned(t, cert, key)
	redistest.Start(t, "tls-port "+port, "bind 127.0.0.1", "tls-cert-file "+cert, "tls-key-file "+key,
		"tls-auth-clients no", "requirepass hunter2")
	roundTrip(t, "rediss://:hunter2@127.0.0.1:"+port+"?skip_verify=true")

	var faults faults
	s := openRedis(t, "rediss://:hunter2@127.0.0.1:"+port, Options{OnError: faults.on})
	if s.get(t.Context(), []string{"key 1"})[0].Found() || faults.of(Read) != 1 {
		t.Errorf("a certificate that nobody vouches for was trusted; faults %v", faults.count)
	}
}

// The rights that docs/recipes/share-the-cache-with-redis.md gives to a user for the cache are enough, and not too
// many.
func TestUserForTheCacheAlone(t *testing.T) {
	server := redistest.Start(t, "user outcrop on >password "+cacheRights(t))
	url := strings.Replace(server.URL, "unix://", "unix://outcrop:password@", 1) + "?db=1"
	roundTrip(t, url)
	client, err := redis.Connect(url, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if client.Set(t.Context(), "another", "value", 0).Err() == nil || client.FlushAll(t.Context()).Err() == nil {
		t.Error("the user may do more than the cache needs")
	}
}

func cacheRights(t *testing.T) string {
	t.Helper()
	recipe, err := os.ReadFile("../docs/recipes/share-the-cache-with-redis.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rights, _ := strings.Cut(string(recipe), "ACL SETUSER outcrop on >password ")
	rights, _, found := strings.Cut(rights, "`")
	if !found {
		t.Fatal("the recipe names no rights")
	}
	return rights
}

// roundTrip writes a lot through one client and reads it through another.
func roundTrip(t *testing.T, url string) {
	t.Helper()
	var faults faults
	in, out := openRedis(t, url, Options{OnError: faults.on}), openRedis(t, url, Options{OnError: faults.on})
	now := time.Now()
	var keys []string
	var records []record
	for i := range 2 * lotCommands {
		keys = append(keys, fmt.Sprint("key ", i))
		records = append(records, record{keys[i], Entry{[]byte(keys[i]), now, now.Add(time.Hour)}})
	}
	in.put(t.Context(), records)
	for i, e := range out.get(t.Context(), keys) {
		if string(e.Value) != keys[i] {
			t.Fatalf("%s gives %q; faults %v", keys[i], e.Value, faults.count)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func do(t *testing.T, node *goredis.Client, args ...any) {
	t.Helper()
	if err := node.Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
}

func busOf(t *testing.T, node *goredis.Client) string {
	t.Helper()
	return node.ConfigGet(t.Context(), "cluster-port").Val()["cluster-port"]
}

func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}

func selfSigned(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

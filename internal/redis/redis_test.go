package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

func TestConnect(t *testing.T) {
	const limit = 70 * time.Millisecond
	for url, want := range map[string]string{
		"redis://localhost":                                     "*redis.Client",
		"redis://user:pass@127.0.0.1:7000/2":                    "*redis.Client",
		"rediss://:pass@cache.example:6380/1":                   "*redis.Client",
		"unix:///run/redis.sock?db=3":                           "*redis.Client",
		"rediss://a.example:7000?addr=b.example:7000":           "*redis.ClusterClient",
		"redis://s.example:26379/1?master_name=m&addr=t.io:263": "*redis.Client",
	} {
		client, err := Connect(url, limit)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := fmt.Sprintf("%T", client); got != want {
			t.Errorf("%s is for a %s, want %s", url, got, want)
		}
		if c, ok := client.(*goredis.Client); ok {
			o := c.Options()
			if o.ReadTimeout != limit || o.WriteTimeout != limit || o.DialTimeout != limit || o.PoolTimeout != limit ||
				o.MaxRetries != 0 || !o.ContextTimeoutEnabled {
				t.Errorf("%s: limits are %v %v %v %v, %d retries", url, o.ReadTimeout, o.WriteTimeout, o.DialTimeout,
					o.PoolTimeout, o.MaxRetries)
			}
			if secure := strings.HasPrefix(url, "rediss:"); (o.TLSConfig != nil) != secure {
				t.Errorf("%s: TLS is %v", url, o.TLSConfig != nil)
			}
		}
		_ = client.Close()
	}
	for _, url := range []string{
		"redis://:hunter2/x@host", "redis://:hunter2@host/database", "http://:hunter2@host",
		"redis://:hunter2@host?colour=red", ":hunter2", "unix://:hunter2@",
		"rediss://:hunter2@host?addr=nowhere", "redis://:hunter2@host?master_name=m&read_timeout=soon",
	} {
		if client, err := Connect(url, limit); err == nil {
			_ = client.Close()
			t.Errorf("%s was taken", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error holds the password: %v", err)
		}
	}
}

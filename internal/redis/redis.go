// Package redis makes every client of Redis or Valkey that this process has, so that all of them connect alike.
//
// It must not know what is kept there: answers are the cache's, state is internal/store/redis's. A process has a client
// for each of answers, state and limits, since they fail apart: each has its own time limit, and is left alone for a
// while when Redis does not answer in it, so that limits that are slow pause no budget, and a cache that is slow
// neither.
//
// Start at [Connect].
package redis

import (
	"errors"
	"net/url"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Connect makes a client of the server, cluster or sentinels that a URL names: redis://, rediss:// or unix://, with
// addr= a cluster and with master_name= sentinels. Nothing is connected yet. Time limits in the URL win over timeout.
// Errors hold no part of the URL's password.
//
// Nothing is tried twice by the client: whether that would do harm is for its user to know. There is one pool of
// connections, for commands and pipelines alike. The notices of maintenance and the name of the library are commands of
// their own on each new connection, which cost time and which older servers refuse; sentinels are not asked for such
// notices anyway.
func Connect(rawURL string, timeout time.Duration) (goredis.UniversalClient, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the URL of Redis is none") // what url.Parse says may quote a password
	}
	// The three kinds of options have the same fields, and no type in common that could be set once.
	switch q := u.Query(); {
	case q.Has("master_name"):
		o, err := goredis.ParseFailoverURL(rawURL)
		if err != nil {
			return nil, err
		}
		limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		o.ContextTimeoutEnabled, o.DisableIdentity = true, true
		o.MaxRetries, o.DialerRetries, o.PipelinePoolSize = -1, 1, -1
		return goredis.NewFailoverClient(o), nil
	case q.Has("addr"):
		o, err := goredis.ParseClusterURL(rawURL)
		if err != nil {
			return nil, err
		}
		limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		o.ContextTimeoutEnabled, o.DisableIdentity, o.MaintNotificationsConfig = true, true, quiet()
		o.MaxRetries, o.DialerRetries, o.PipelinePoolSize = -1, 1, -1
		return goredis.NewClusterClient(o), nil
	}
	o, err := goredis.ParseURL(rawURL)
	if err != nil {
		return nil, err
	}
	limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
	o.ContextTimeoutEnabled, o.DisableIdentity, o.MaintNotificationsConfig = true, true, quiet()
	o.MaxRetries, o.DialerRetries, o.PipelinePoolSize = -1, 1, -1
	return goredis.NewClient(o), nil
}

func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// limits sets those time limits that the URL does not.
func limits(timeout time.Duration, fields ...*time.Duration) {
	for _, f := range fields {
		if *f == 0 {
			*f = timeout
		}
	}
}

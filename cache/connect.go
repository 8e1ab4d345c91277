package cache

import (
	"errors"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// connect makes a client of the server, cluster or sentinels that a URL names. Nothing is connected yet. Time limits in the
// URL win over timeout, and none of them over the limit of a whole call. Errors hold no part of the URL's password.
func connect(rawURL string, timeout time.Duration) (redis.UniversalClient, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the URL of Redis is none") // what url.Parse says may quote a password
	}
	switch q := u.Query(); {
	case q.Has("master_name"):
		o, err := redis.ParseFailoverURL(rawURL)
		if err != nil {
			return nil, err
		}
		return redis.NewFailoverClient(failover(o, timeout)), nil
	case q.Has("addr"):
		o, err := redis.ParseClusterURL(rawURL)
		if err != nil {
			return nil, err
		}
		return redis.NewClusterClient(cluster(o, timeout)), nil
	}
	o, err := redis.ParseURL(rawURL)
	if err != nil {
		return nil, err
	}
	return redis.NewClient(single(o, timeout)), nil
}

// The three kinds of options have the same fields, and no type in common that could be set once.
//
// Nothing is tried twice: a second try costs time, and a miss does not. There is one pool of connections, since everything is a
// pipeline. The notices of maintenance and the name of the library are commands of their own on each new connection, which
// cost time and which older servers refuse; sentinels are not asked for such notices anyway.

func single(o *redis.Options, timeout time.Duration) *redis.Options {
	limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaxRetries, o.DialerRetries = -1, 1
	o.PipelinePoolSize = -1
	o.MaintNotificationsConfig = quiet()
	return o
}

func cluster(o *redis.ClusterOptions, timeout time.Duration) *redis.ClusterOptions {
	limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaxRetries, o.DialerRetries = -1, 1
	o.PipelinePoolSize = -1
	o.MaintNotificationsConfig = quiet()
	return o
}

func failover(o *redis.FailoverOptions, timeout time.Duration) *redis.FailoverOptions {
	limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
	o.ContextTimeoutEnabled, o.DisableIdentity = true, true
	o.MaxRetries, o.DialerRetries = -1, 1
	o.PipelinePoolSize = -1
	return o
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

package redis

import (
	"errors"
	"net/url"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Connect makes a client of the server, cluster or sentinels that a URL names. Nothing is connected yet. Time limits in the URL win
// over timeout. Nothing is tried twice by the client: whether that would do harm is for its user to know. Errors hold no part of
// the URL's password.
func Connect(rawURL string, timeout time.Duration) (goredis.UniversalClient, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("the URL of Redis is none") // what url.Parse says may quote a password
	}
	switch q := u.Query(); {
	case q.Has("master_name"):
		o, err := goredis.ParseFailoverURL(rawURL)
		if err != nil {
			return nil, err
		}
		limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		o.ContextTimeoutEnabled, o.DisableIdentity, o.MaxRetries, o.DialerRetries = true, true, -1, 1
		return paused(goredis.NewFailoverClient(o), timeout), nil
	case q.Has("addr"):
		o, err := goredis.ParseClusterURL(rawURL)
		if err != nil {
			return nil, err
		}
		limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		o.ContextTimeoutEnabled, o.DisableIdentity, o.MaxRetries, o.DialerRetries = true, true, -1, 1
		o.MaintNotificationsConfig = quiet()
		return paused(goredis.NewClusterClient(o), timeout), nil
	}
	o, err := goredis.ParseURL(rawURL)
	if err != nil {
		return nil, err
	}
	limits(timeout, &o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
	o.ContextTimeoutEnabled, o.DisableIdentity, o.MaxRetries, o.DialerRetries = true, true, -1, 1
	o.MaintNotificationsConfig = quiet()
	return paused(goredis.NewClient(o), timeout), nil
}

func paused(c goredis.UniversalClient, timeout time.Duration) goredis.UniversalClient {
	c.AddHook(&pause{hangs: timeout / 2})
	return c
}

// quiet leaves out a command on each new connection that older servers refuse.
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

package redis

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// Fault judges a URL as Connect reads it: with addr= it is that of a cluster, with master_name= of sentinels. What it
// says holds no part of the URL where a password may stand.
func Fault(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("must be a URL such as rediss://:PASSWORD@HOST:6379/0; in a user name or password, characters " +
			"such as / ? # @ : are written as %2F …")
	}
	sentinels, cluster := u.Query().Has("master_name"), u.Query().Has("addr")
	database := strings.Trim(u.Path, "/")
	_, notNumber := strconv.ParseUint(database, 10, 31)
	_, noPort := strconv.ParseUint(cmp.Or(u.Port(), "6379"), 10, 16)
	switch {
	case u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix":
		return errors.New("must begin with redis://, rediss:// (TLS) or unix://")
	case u.Scheme == "unix" && (sentinels || cluster):
		return errors.New("a socket (unix://) has neither addr= nor master_name=")
	case u.Scheme == "unix" && database == "":
		return errors.New("names no socket: write unix:///path/of/the.sock")
	case u.Scheme != "unix" && u.Opaque != "":
		return errors.New("must have two slashes behind " + u.Scheme + ":")
	case u.Scheme != "unix" && database != "" && notNumber != nil:
		return errors.New("behind the host there may be the number of a database only, such as /0")
	case noPort != nil:
		return errors.New("has a port above 65535")
	case cluster && !sentinels && database != "" && database != "0":
		return errors.New("a cluster (addr=) has no database but 0")
	case sentinels:
		_, err = goredis.ParseFailoverURL(text)
	case cluster:
		_, err = goredis.ParseClusterURL(text)
	default:
		_, err = goredis.ParseURL(text)
	}
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "redis: "))
	}
	return nil
}

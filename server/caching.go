package server

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"outcrop/internal/call"
	"outcrop/openai"
)

// The headers by which a request says what the cache may do (docs/caching.md).
const (
	headerCacheControl = "Cache-Control"
	headerCacheTTL     = "X-Outcrop-Cache-Ttl"
)

// cacheControl reads them. A header that says nothing readable is a 400 that names it; directives of RFC 9111 that mean
// nothing to requests here are ignored, as the RFC asks.
func cacheControl(h http.Header) (c call.CacheControl, err *openai.Error) {
	for directive := range strings.SplitSeq(strings.Join(h[headerCacheControl], ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "no-cache":
			c.NoCache = true
		case "no-store":
			c.NoStore = true
		case "max-age":
			age, ok := lifetime(strings.Trim(strings.TrimSpace(value), `"`))
			if !ok {
				return c, unreadable(headerCacheControl, "must have a number of seconds in its directive max-age")
			}
			c.MaxAge, c.HasAge = age, true
		}
	}
	if text := strings.TrimSpace(h.Get(headerCacheTTL)); text != "" {
		ttl, ok := lifetime(text)
		if !ok {
			return c, unreadable(headerCacheTTL, "must be a number of seconds, or a duration such as 5m")
		}
		c.TTL = ttl
		c.NoStore = c.NoStore || ttl == 0
	}
	return c, nil
}

// lifetime reads seconds ("30", "0.5") or a duration with units ("1m30s"), not below 0. What is longer than Go can
// count is as long as Go can count.
func lifetime(s string) (time.Duration, bool) {
	if strings.Trim(s, "0123456789.") != "" { // so that 1e3, 0x10 and Inf are no numbers
		d, err := time.ParseDuration(s)
		return d, err == nil && d >= 0
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if seconds >= math.MaxInt64/1e9 {
		return math.MaxInt64, true
	}
	return time.Duration(seconds * 1e9), err == nil
}

// cacheHeader tells what became of a request at the cache: "hit; age=12; key=5f1e…"; "" when there is no cache. Of an
// embedding request with some of its texts in the cache it tells how many.
func cacheHeader(s call.CacheStatus) string {
	if s.State == "" {
		return ""
	}
	b := []byte(s.State)
	if s.State == "hit" {
		b = strconv.AppendInt(append(b, "; age="...), int64(s.Age/time.Second), 10)
	}
	if s.Hits > 0 {
		b = strconv.AppendInt(append(b, "; hits="...), int64(s.Hits), 10)
		b = strconv.AppendInt(append(b, "; items="...), int64(s.Items), 10)
	}
	if s.Key != "" {
		b = append(append(b, "; key="...), s.Key...)
	}
	return string(b)
}

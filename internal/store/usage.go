package store

// UsageKey is what usage is added up by.
type UsageKey struct {
	Hour   int64 // since 1970
	Tenant string
	Key    string // id of the API key
	Model  string // catalogue id; "none" where none was found, "other" where the catalogue lacks it
	Tags   string // name=value pairs as in a URL's query, in order of name
}

// UsageSums are the sums of an hour.
type UsageSums struct {
	Requests   int64
	Cached     int64 // of Requests: answered without a call of a model
	Errors     int64 // of Requests
	Input      int64 // tokens, those of the prompt cache included
	Output     int64
	CacheRead  int64
	CacheWrite int64
	Cost       int64 // billionths of a USD
	Estimated  int64 // calls whose usage nobody told
	Unpriced   int64 // calls whose price nobody knows
}

// Usage is one row.
type Usage struct {
	UsageKey
	UsageSums
}

// Values are the sums in a fixed order, for engines that keep them by number; a new one comes at the end.
func (s *UsageSums) Values() [10]*int64 {
	return [10]*int64{&s.Requests, &s.Cached, &s.Errors, &s.Input, &s.Output, &s.CacheRead, &s.CacheWrite, &s.Cost,
		&s.Estimated, &s.Unpriced}
}

// Add adds other sums.
func (s *UsageSums) Add(more UsageSums) {
	to, from := s.Values(), more.Values()
	for i := range to {
		*to[i] += *from[i]
	}
}

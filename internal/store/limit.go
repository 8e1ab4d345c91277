package store

import "time"

// Counted is what a limit counts.
type Counted uint8

// What limits count. Requests and tokens are counted over a sliding minute, slots are what is held now.
const (
	Requests Counted = iota
	Tokens
	Slots
)

// MostDemands bounds the demands of one call.
const MostDemands = 9

// Owner is whose limit it is: Kind says what ID names, a key ('k'), the tenant itself ('t') or one of its end users
// ('u').
type Owner struct {
	Kind byte
	ID   string
}

// Demand is what a call asks of one limit.
type Demand struct {
	Of    Owner
	What  Counted
	Limit int64
	Take  int64
}

// Stand is how a limit stands.
type Stand struct {
	Left  int64
	Reset time.Duration // until all of it is there again; of slots 0
}

// Verdict is the answer to demands, which are granted all together or not at all.
type Verdict struct {
	Refused int                // the first demand that cannot be granted, -1 when all were
	Wait    time.Duration      // until that one could be; 0 when nobody can tell
	Second  int64              // of the counter's clock: where settling finds what was taken
	Stands  [MostDemands]Stand // by demand, after what was granted
}

// A sliding minute is counted by seconds of the clock: 60 of them in a row never hold more than the limit. What came in
// a second counts until a minute after its beginning, so that nobody is told to wait longer than the 60 seconds that
// OpenAI's SDKs are willing to.
const (
	MinuteSeconds = 60
	// Lease is how long a slot is held for a gateway that is not heard of any more.
	Lease = time.Minute
)

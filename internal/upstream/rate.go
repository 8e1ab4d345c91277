package upstream

import "time"

// bucket is a token bucket that keeps what is used in any minute under a limit: its burst and its refill of a minute
// add up to that. The zero value limits nothing.
type bucket struct {
	perSecond, burst float64
	level            float64
	at               time.Time
}

// requestBucket allows n calls a minute, a tenth of them at once. Calls are whole, so that the refill may be one more.
func requestBucket(n int) bucket {
	burst := max(1, float64(n)/10)
	return newBucket(n, burst, float64(n)+1-burst)
}

// tokenBucket allows n tokens a minute, a quarter of them at once.
func tokenBucket(n int) bucket {
	return newBucket(n, float64(n)/4, float64(n)*3/4)
}

func newBucket(n int, burst, perMinute float64) bucket {
	if n == 0 {
		return bucket{}
	}
	return bucket{perSecond: perMinute / 60, burst: burst, level: burst, at: time.Now()}
}

// wait is how long it takes until cost can be had, 0 when it can now. What costs more than a full bucket has to wait
// for a full one, and leaves a debt.
func (b *bucket) wait(now time.Time, cost float64) time.Duration {
	if b.burst == 0 {
		return 0
	}
	b.level = min(b.burst, b.level+now.Sub(b.at).Seconds()*b.perSecond)
	b.at = now
	missing := min(cost, b.burst) - b.level
	if missing <= 1e-9 {
		return 0
	}
	return time.Duration(missing/b.perSecond*float64(time.Second)) + time.Millisecond
}

func (b *bucket) take(cost float64) {
	if b.burst > 0 {
		b.level -= cost
	}
}

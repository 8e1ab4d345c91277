package upstream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"outcrop/internal/catalog"
	"outcrop/openai"
)

// at is a target of a model in a region.
func at(region string, change ...func(*catalog.Target)) catalog.Target {
	t := catalog.Target{Row: &catalog.Model{ID: "model", Known: true, Context: 1000}, CalledID: "model", Region: region}
	for _, c := range change {
		c(&t)
	}
	return t
}

func order(n int) func(*catalog.Target)    { return func(t *catalog.Target) { t.Order = n } }
func weighing(n int) func(*catalog.Target) { return func(t *catalog.Target) { t.Weight = n } }
func window(tokens int) func(*catalog.Target) {
	return func(t *catalog.Target) { t.Row.Context = tokens }
}

var throttled = &openai.Error{Kind: openai.RateLimited}

func search(u *Targets, plan []catalog.Target, w Want) *Search {
	s := new(Search)
	u.Search(s, plan, w)
	return s
}

// next goes to the next target and fails the test when that would have to wait.
func next(t *testing.T, s *Search) int {
	t.Helper()
	_, i, _, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// fail makes n calls of the first target of a plan that end so.
func fail(t *testing.T, u *Targets, plan []catalog.Target, o Outcome, n int) {
	t.Helper()
	for range n {
		s := search(u, plan, Want{})
		if next(t, s) < 0 {
			t.Fatal("no target")
		}
		s.Failed(o, true)
	}
}

func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := New(Default(), "")
		plan := []catalog.Target{at("a"), at("b", order(1)), at("c", order(2)), at("d", order(3))}
		s := search(u, plan, Want{})
		for step, c := range []struct {
			want int
			fail Outcome
		}{
			{0, Capacity}, {1, Timeout}, {2, Throttled}, {3, ServerError},
			{0, Capacity}, {2, Throttled}, {3, Denied}, // only what may be over in a moment has another try
			{0, Capacity}, {2, Throttled},
		} {
			if got := next(t, s); got != c.want {
				t.Errorf("step %d: target %d, want %d", step, got, c.want)
			}
			s.Failed(c.fail, true)
		}
		if got := next(t, s); got != -1 || s.calls != 9 {
			t.Errorf("target %d after all have failed, %d calls", got, s.calls)
		}
	})
}

func TestContextOverflowAsksForMore(t *testing.T) {
	u := New(Default(), "")
	plan := []catalog.Target{at("a"), at("b", order(1), window(500)), at("c", order(2)), at("d", order(3), window(0)),
		at("e", order(4), window(2000))}
	s := search(u, plan, Want{})
	next(t, s)
	s.Failed(ContextLength, true)
	if got := next(t, s); got != 4 {
		t.Errorf("target %d, want the only one that is known to have a larger window", got)
	}
	s.Failed(ContextLength, true)
	if got := next(t, s); got != -1 {
		t.Errorf("target %d behind the largest window", got)
	}
}

func TestUnsupportedAsksForAnotherModel(t *testing.T) {
	u := New(Default(), "")
	plan := []catalog.Target{at("a"), at("b", order(1)),
		at("c", order(2), func(t *catalog.Target) { t.Row = &catalog.Model{ID: "other"} })}
	s := search(u, plan, Want{})
	next(t, s)
	s.Failed(Unsupported, false)
	if got := next(t, s); got != 2 {
		t.Errorf("target %d: the same model refuses the same elsewhere", got)
	}
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.Breaker = Breaker{Window: 10 * time.Second, Calls: 4, Failures: 0.5, Open: 10 * time.Second, Probes: 1}
		u := New(cfg, "")
		a, b := at("a"), at("b", order(1))
		both := []catalog.Target{a, b}
		chosen := func() int {
			s := search(u, both, Want{})
			i := next(t, s)
			s.Begun()
			s.Release(OK, 0)
			return i
		}
		fail(t, u, []catalog.Target{a}, Capacity, 3)
		if chosen() != 0 {
			t.Error("three failures are too few to judge by")
		}
		fail(t, u, []catalog.Target{a}, Timeout, 1)
		if chosen() != 1 {
			t.Error("a broken target is skipped while another is healthy")
		}
		if i := next(t, search(u, []catalog.Target{a}, Want{})); i != 0 {
			t.Error("where all are broken, one of them is tried")
		}

		time.Sleep(11 * time.Second)
		probe := search(u, both, Want{})
		if next(t, probe) != 0 {
			t.Fatal("after a while a probe goes to the broken target")
		}
		if chosen() != 1 {
			t.Error("but one probe at a time")
		}
		probe.Failed(Capacity, true)
		if chosen() != 1 {
			t.Error("a probe that fails leaves it broken")
		}
		time.Sleep(11 * time.Second)
		for range 2 {
			if chosen() != 0 {
				t.Error("a probe that succeeds heals it")
			}
		}
		for range 8 { // a stream that fails later speaks against its target too
			s := search(u, []catalog.Target{a}, Want{})
			next(t, s)
			s.Begun()
			s.Release(ServerError, 0)
		}
		if chosen() != 1 {
			t.Error("streams that broke have not opened the breaker")
		}
		fail(t, u, []catalog.Target{b}, ContextLength, 20)
		fail(t, u, []catalog.Target{b}, Canceled, 20)
		if chosen() != 1 {
			t.Error("what a request or a client is to blame for has opened a breaker")
		}
	})
}

// Of broken targets the one that opened first has had the longest time to recover.
func TestAllBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := New(Default(), "")
		a, b := at("a"), at("b")
		fail(t, u, []catalog.Target{b}, Capacity, 10)
		time.Sleep(time.Second)
		fail(t, u, []catalog.Target{a}, Capacity, 10)
		s := search(u, []catalog.Target{a, b}, Want{})
		if i := next(t, s); i != 1 {
			t.Errorf("target %d", i)
		}
		s.Failed(Capacity, true)
		if i := next(t, s); i != 0 {
			t.Errorf("then target %d", i)
		}
	})
}

func TestWeights(t *testing.T) {
	u := New(Default(), "")
	plan := []catalog.Target{at("a", weighing(3)), at("b"), at("c", order(1))}
	var counts [3]int
	const n = 4000
	var open []*Search
	for range n { // calls stay in flight, so that both draw and load count
		s := search(u, plan, Want{})
		counts[next(t, s)]++
		open = append(open, s)
	}
	if share := float64(counts[0]) / n; math.Abs(share-0.75) > 0.02 || counts[2] != 0 {
		t.Errorf("chosen %v, want three to one and none of the next order", counts)
	}
	for _, s := range open {
		s.Begun()
		s.Release(OK, 0)
	}
}

// Calls one after the other are spread by weight too: the light target must not wait until the heavy one is busy.
func TestWeightsAtRest(t *testing.T) {
	u := New(Default(), "")
	plan := []catalog.Target{at("a", weighing(3)), at("b")}
	const n = 4000
	heavy := 0
	for range n {
		s := search(u, plan, Want{})
		if next(t, s) == 0 {
			heavy++
		}
		s.Begun()
		s.Release(OK, 0)
	}
	if share := float64(heavy) / n; math.Abs(share-0.75) > 0.04 {
		t.Errorf("%d of %d calls went to the target with three quarters of the weight", heavy, n)
	}
}

func TestTwoChoicesPreferTheIdleOne(t *testing.T) {
	u := New(Default(), "")
	busy, idle := at("busy"), at("idle")
	for range 50 {
		next(t, search(u, []catalog.Target{busy}, Want{}))
	}
	for range 50 {
		if i := next(t, search(u, []catalog.Target{busy, idle}, Want{})); i != 1 {
			t.Fatal("of two targets the one with more calls in flight was chosen")
		}
	}
}

func TestAffinity(t *testing.T) {
	u := New(Default(), "")
	var plan []catalog.Target
	for i := range 5 {
		plan = append(plan, at(fmt.Sprint("region-", i)))
	}
	home := map[string]int{}
	var used [5]int
	went := func(key string) int {
		s := search(u, plan, Want{Affinity: key})
		defer s.Release(OK, 0)
		return next(t, s)
	}
	for k := range 500 {
		key := fmt.Sprint("key ", k)
		home[key] = went(key)
		used[home[key]]++
		if again := went(key); again != home[key] {
			t.Fatalf("R-CACHE-12: %q went to %d, then to %d", key, home[key], again)
		}
	}
	for i, n := range used {
		if n < 60 || n > 140 {
			t.Errorf("target %d has %d of 500 keys", i, n)
		}
	}
	fail(t, u, plan[2:3], Capacity, 1000)
	for key, before := range home {
		now := went(key)
		if now == 2 || before != 2 && now != before {
			t.Errorf("R-CACHE-12: with target 2 broken %q went from %d to %d", key, before, now)
		}
	}
}

func TestAffinityYieldsToLoad(t *testing.T) {
	cfg := Default()
	cfg.Concurrency.Ceiling, cfg.Concurrency.Floor = 2, 1
	u := New(cfg, "")
	plan := []catalog.Target{at("a"), at("b")}
	var went [2]int
	for range 4 {
		went[next(t, search(u, plan, Want{Affinity: "k"}))]++
	}
	if went != [2]int{2, 2} {
		t.Errorf("R-CACHE-12: %v: a favourite without a free slot is left", went)
	}
}

func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := Default()
		cfg.RetryBudget = RetryBudget{Share: 0.2, Floor: 1}
		cfg.Breaker.Calls = 1_000_000
		u := New(cfg, "")
		plan := []catalog.Target{at("a"), at("b", order(1))}
		calls := func(end func(*Search)) (n int) {
			for range 1000 {
				s := search(u, plan, Want{})
				for next(t, s) >= 0 {
					end(s)
					if s.slot.report == nil || s.current == nil {
						break
					}
					if s.calls == 2 {
						break
					}
				}
				n += s.calls
			}
			return n
		}
		if n := calls(func(s *Search) { s.Failed(Capacity, true) }); n < 1190 || n > 1215 {
			t.Errorf("%d calls for 1,000 requests while everything fails, want a fifth more and ten", n)
		}
		time.Sleep(time.Minute)
		n := calls(func(s *Search) {
			if s.calls == 1 {
				s.Failed(Capacity, true)
				return
			}
			s.Begun()
			s.Release(OK, 0)
		})
		if n != 2000 {
			t.Errorf("%d calls for 1,000 requests that found help at once: a detour is no storm", n)
		}
		time.Sleep(time.Minute)
		var wave []*Search
		for range 200 { // all of them find the first target down at the same moment
			s := search(u, plan, Want{})
			next(t, s)
			wave = append(wave, s)
		}
		for _, s := range wave {
			s.Failed(Capacity, true)
		}
		for _, s := range wave {
			if next(t, s) != 1 {
				t.Fatal("a wave of requests is kept from a healthy target")
			}
			s.Begun()
			s.Release(OK, 0)
		}
		time.Sleep(time.Minute)
		granted := 0
		u.Traffic(100)
		for range 100 {
			if u.MayRetry(t.Context(), throttled) {
				granted++
			}
		}
		if granted != 30 {
			t.Errorf("%d retries of the SDK for 100 calls, want a fifth and ten", granted)
		}
	})
}

func TestNoRetryWhileAnotherTargetIsThere(t *testing.T) {
	u := New(Default(), "")
	s := search(u, []catalog.Target{at("a"), at("b", order(1))}, Want{})
	ctx, _, more, _ := s.Next(t.Context())
	if !more || u.MayRetry(ctx, throttled) {
		t.Errorf("more %v: the SDK repeats a call that another target could take", more)
	}
	if !u.MayRetry(ctx, &openai.Error{Kind: openai.Invalid}) {
		t.Error("what no other target is asked after is the SDK's to repeat")
	}
	s.Failed(Timeout, true)
	ctx, _, more, _ = s.Next(t.Context())
	if more || !u.MayRetry(ctx, throttled) {
		t.Errorf("more %v: the last target is not called again", more)
	}
}

func TestTargetsAreBounded(t *testing.T) {
	u := New(Default(), "")
	held := search(u, []catalog.Target{at("held")}, Want{})
	next(t, held)
	for i := range 2 * maxTargets {
		search(u, []catalog.Target{at("x", func(t *catalog.Target) { t.CalledID = fmt.Sprint("made-up-", i) })}, Want{})
	}
	if n := len(u.all); n != maxTargets {
		t.Errorf("%d targets are kept", n)
	}
	held.Begun()
	held.Release(OK, 0)
}

func TestReportNamesNoARN(t *testing.T) {
	u := New(Default(), "us-east-1")
	arn := at("", func(t *catalog.Target) {
		t.CalledID, t.Role = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/secret",
			"arn:aws:iam::123456789012:role/Secret"
	})
	made := at("", func(t *catalog.Target) {
		t.Row, t.CalledID = &catalog.Model{ID: "amazon.made-up-by-a-client"}, "amazon.made-up-by-a-client"
	})
	for _, target := range []catalog.Target{at(""), arn, made} {
		s := search(u, []catalog.Target{target}, Want{})
		next(t, s)
		s.Failed(Throttled, true)
	}
	r := u.Report()
	if len(r.Targets) != 2 || r.Targets[0].Model != "model" || r.Targets[0].Region != "us-east-1" ||
		r.Targets[0].Ended[Throttled] != 2 || r.Targets[1].Model != "other" {
		t.Errorf("%+v", r.Targets)
	}
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Outcome
	}{
		{nil, OK},
		{&openai.Error{Kind: openai.RateLimited}, Throttled},
		{&openai.Error{Kind: openai.TokensLimited}, Throttled},
		{&openai.Error{Kind: openai.QuotaExceeded}, Quota},
		{&openai.Error{Kind: openai.Unavailable, Code: "service_unavailable"}, Capacity},
		{&openai.Error{Kind: openai.Unavailable, Code: "model_not_ready"}, NotReady},
		{&openai.Error{Kind: openai.Unavailable, Code: openai.CodeOverloaded}, Overloaded},
		{&openai.Error{Kind: openai.Timeout}, Timeout},
		{&openai.Error{Kind: openai.BadUpstream}, ServerError},
		{&openai.Error{Kind: openai.BadUpstream, Final: true}, Invalid},
		{&openai.Error{Kind: openai.Internal}, ServerError},
		{&openai.Error{Kind: openai.Internal, Err: context.Canceled}, Canceled},
		{&openai.Error{Kind: openai.Forbidden}, Denied},
		{&openai.Error{Kind: openai.Misconfigured}, Denied},
		{&openai.Error{Kind: openai.NotFound}, NotFound},
		{&openai.Error{Kind: openai.Invalid, Code: openai.CodeContextLength}, ContextLength},
		{&openai.Error{Kind: openai.Invalid, Code: openai.CodeUnsupported}, Unsupported},
		{&openai.Error{Kind: openai.Invalid, Code: openai.CodeInvalidValue}, Invalid},
		{errors.New("anything"), ServerError},
	} {
		if got := OutcomeOf(c.err); got != c.want {
			t.Errorf("%v: %s, want %s", c.err, got, c.want)
		}
	}
	if !Throttled.Beats(Capacity) || !Capacity.Beats(Denied) || Denied.Beats(Capacity) || Capacity.Beats(Capacity) ||
		Denied.Beats(NotFound) {
		t.Error("the order of errors by their use to a client")
	}
}

// A target whose breaker is open is the last resort when every other has failed, once, and never in a queue.
func TestMendE3OpenBreakerIsTheLastResort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, failed := range []Outcome{Denied, Capacity} {
			cfg := Default()
			cfg.Concurrency.Floor, cfg.Concurrency.Ceiling = 1, 1
			u := New(cfg, "")
			plan := []catalog.Target{at("broken"), at("fine", order(1))}
			fail(t, u, plan[:1], Capacity, 10)
			s := search(u, plan, Want{})
			tries := 0
			for i := next(t, s); i == 1; i = next(t, s) {
				s.Failed(failed, true)
				tries++
			}
			if s.current != &s.list[0] || tries == 0 {
				t.Errorf("Mend E3, %s: the broken target had no turn after %d tries", failed, tries)
			}
			busy := search(u, plan, Want{})
			next(t, busy)
			busy.Failed(Denied, true)
			if i := next(t, busy); i != -1 {
				t.Errorf("Mend E3: target %d, whose only slot is taken", i)
			}
			s.Failed(Capacity, true)
			if i := next(t, s); i != -1 {
				t.Errorf("Mend E3: target %d after all", i)
			}
		}
	})
}

// A target that names the home region and one that names none are one.
func TestMendE3HomeRegionIsOneTargetHoweverItIsSpelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := New(Default(), "us-east-1")
		named, unnamed := at("us-east-1"), at("")
		if u.of(&named, "") != u.of(&unnamed, "") || u.of(&unnamed, "eu-west-1") == u.of(&unnamed, "") {
			t.Error("Mend E3: one target has two breakers, limits and rates, or two targets have one")
		}
		plan := []catalog.Target{named, unnamed, at("us-west-2", order(1))}
		s := search(u, plan, Want{})
		next(t, s)
		s.Failed(Denied, true)
		if i := next(t, s); i != 2 {
			t.Errorf("Mend E3: target %d, which has just failed under another spelling", i)
		}
	})
}

func TestOthersAreWhateverElseThePlanHas(t *testing.T) {
	u := New(Default(), "us-east-1")
	for _, c := range []struct {
		plan []catalog.Target
		want bool
	}{
		{[]catalog.Target{at("one")}, false},
		{[]catalog.Target{at("one"), at("one")}, false},
		{[]catalog.Target{at("one"), at("two")}, true},
	} {
		s := search(u, c.plan, Want{})
		for i := next(t, s); i >= 0; i = next(t, s) { // the last one has others as well, though all have failed
			if s.Others() != c.want {
				t.Errorf("%d targets, at the call of %d: %t", len(c.plan), i, s.Others())
			}
			s.Failed(Denied, true)
		}
	}
}

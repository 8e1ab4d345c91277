package background

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestMendA7WorkInTheBackgroundThatPanicsIsLoggedCountedAndBegunAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		counted := map[string]int{}
		r := Runner{Log: slog.New(slog.NewTextHandler(&log, nil)), Count: func(task string) { counted[task]++ }}
		var runs []time.Time
		ended := false
		stop := r.Go(t.Context(), "listing", func(ctx context.Context) {
			runs = append(runs, time.Now())
			if len(runs) <= 8 {
				var nothing *slog.Logger
				nothing.Info("a nil pointer")
			}
			<-ctx.Done()
			ended = true
		})
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if len(runs) != 9 || counted["listing"] != 8 || ended {
			t.Fatalf("%d runs, counted %v, ended %t", len(runs), counted, ended)
		}
		for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			if got := runs[i+1].Sub(runs[i]); got != want*time.Second {
				t.Errorf("rest %d: %s, want %s", i, got, want*time.Second)
			}
		}
		stop()
		stop()
		if !ended {
			t.Error("stop has not waited")
		}
		if text := log.String(); strings.Count(text, "task=listing") != 8 || !strings.Contains(text, "background_test.go") {
			t.Errorf("the log has no stack: %.500s", text)
		}
	})
}

func TestMendA7WorkIsDoneOnceMoreWhenItsContextEndsWhileItRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		runs, written := 0, 0
		r := Runner{Log: slog.New(slog.DiscardHandler)}
		stop := r.Go(t.Context(), "usage", func(ctx context.Context) {
			if runs++; runs == 1 {
				panic("the first")
			}
			<-ctx.Done()
			written++
		})
		synctest.Wait()
		stop()
		if runs != 2 || written != 1 {
			t.Errorf("%d runs, written %d times", runs, written)
		}
		runs = 0
		stop = r.Go(t.Context(), "usage", func(context.Context) {
			runs++
			panic("always")
		})
		synctest.Wait()
		stop()
		if runs != 2 {
			t.Errorf("work that always fails was run %d times, once after the end", runs)
		}
	})
}

func TestMendA7WorkThatHasGoneWellForLongRestsShortly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, failed []time.Time
		r := Runner{Log: slog.New(slog.DiscardHandler)}
		stop := r.Go(t.Context(), "x", func(ctx context.Context) {
			begun = append(begun, time.Now())
			if len(begun) > 6 {
				<-ctx.Done()
				return
			}
			if len(begun) == 6 {
				time.Sleep(2 * time.Hour)
			}
			failed = append(failed, time.Now())
			panic("x")
		})
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if got := begun[6].Sub(failed[5]); got != time.Second {
			t.Errorf("rest after two good hours: %s", got)
		}
		stop()
	})
}

package audit

import (
	"strings"
	"testing"
	"time"
)

// faulty panics at one of its writes.
type faulty struct {
	Sink
	writes int
}

func (f *faulty) Write(b []byte) (int, error) {
	if f.writes++; f.writes == 3 {
		panic("a fault of the sink")
	}
	return f.Sink.Write(b)
}

func TestMendA7APanicWhileARecordIsWrittenLosesThisRecordOnly(t *testing.T) {
	cfg := config(t.TempDir())
	files, err := NewFiles(cfg, time.Unix(1e9, 0), "x")
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 10)
	l, err := New(cfg, keys(t), &faulty{Sink: files}, Options{OnError: func(err error) { told <- err }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		e, err := l.Open("", time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		e.Record = record(i)
		e.Keep(e.At)
	}
	if err := <-told; err == nil || !strings.Contains(err.Error(), "a fault of the sink") {
		t.Errorf("told %v", err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if lost := l.State().Lost; lost != 1 {
		t.Errorf("%d records lost", lost)
	}
}

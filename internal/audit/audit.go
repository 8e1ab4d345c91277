// Package audit keeps the record of every answer: who asked, what served, what was decided, what it cost, and digests
// of prompt and answer, in a chain that shows later changes.
//
// It must not decide about requests, must not see the text of one unless it is handed over for storing, and must never
// make a request wait for a disk. Start at [Log] and [Entry]; the form of the chain is in chain.go, its check in
// verify.go, that of the digests in digest.go.
package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Record is what is kept of one answer. Members that do not apply are left out of its JSON.
type Record struct {
	ID       string    `json:"id"` // of the request, as in x-request-id
	At       time.Time `json:"at"` // arrival
	Tenant   string    `json:"tenant,omitzero"`
	Key      string    `json:"key,omitzero"`  // id of the API key, never the key
	From     string    `json:"from,omitzero"` // address of a caller that was refused
	Endpoint string    `json:"endpoint,omitzero"`
	Stream   bool      `json:"stream,omitzero"`
	Status   int       `json:"status"`           // of HTTP
	Outcome  string    `json:"outcome"`          // "ok", "canceled" or an error code
	Asked    string    `json:"asked,omitzero"`   // the model that the client named
	Served   string    `json:"served,omitzero"`  // the public id that served
	Called   string    `json:"called,omitzero"`  // the id that was called, account numbers masked
	Region   string    `json:"region,omitzero"`  // "" is the gateway's own
	Rule     string    `json:"rule,omitzero"`    // of the router
	Tier     string    `json:"tier,omitzero"`    // of the router
	Cache    string    `json:"cache,omitzero"`   // hit, miss or bypass
	Policy   []Finding `json:"policy,omitzero"`  // decisions of the policy
	Prompt   string    `json:"prompt,omitzero"`  // keyed digest of the request's texts, hexadecimal ([Prompt])
	Answers  []string  `json:"answers,omitzero"` // keyed digest of each choice ([Answer])
	Usage    Usage     `json:"usage,omitzero"`
	Cost     string    `json:"cost_usd,omitzero"` // decimal, as far as prices are known; of an answer out of the cache "0"
	Millis   int64     `json:"ms"`                // from arrival to the end of the answer
	Attempts int       `json:"attempts,omitzero"`
	Upstream []string  `json:"upstream,omitzero"` // AWS's request ids
	Text     *Text     `json:"text,omitzero"`     // only where a key's profile asks for it, redacted
	// members that are not whole, because the record would have been too large
	Cut []string `json:"cut,omitzero"`
}

// Finding is what the policy has decided about one kind of thing: how often it was found, and what became of it; never
// what it was. [Note] adds up what a request has many of.
type Finding struct {
	Direction string  `json:"direction"`
	Kind      string  `json:"kind"`
	Action    string  `json:"action"`
	Role      string  `json:"role,omitzero"` // of whoever said it; of an answer "assistant"
	Count     int     `json:"count"`
	Place     string  `json:"place,omitzero"` // of the first
	Score     float64 `json:"score,omitzero"` // the highest
}

// Usage is in tokens.
type Usage struct {
	Prompt     int64 `json:"prompt,omitzero"`
	Completion int64 `json:"completion,omitzero"`
	CacheRead  int64 `json:"cache_read,omitzero"`
	CacheWrite int64 `json:"cache_write,omitzero"`
	Estimated  bool  `json:"estimated,omitzero"` // Bedrock did not say
}

// Text is what was said, after redaction.
type Text struct {
	Prompt  string   `json:"prompt"`
	Answers []string `json:"answers,omitzero"`
}

// Config says where records go. The fields carry the tags of internal/config.
type Config struct {
	Enabled    bool          `yaml:"enabled" help:"whether a record is kept of every answer (docs/provenance.md)"`
	Dir        string        `yaml:"dir" help:"folder of the audit files; - writes to standard output; empty is audit beside the file of access.store"`
	KeyFile    string        `yaml:"key_file" help:"file of the signing key, made when it is missing; empty is signing.key in the folder of the audit files"`
	MaxBytes   int64         `yaml:"max_bytes" validate:"min=65536" help:"size at which a file is closed and the next begun"`
	MaxFiles   int           `yaml:"max_files" validate:"min=0" help:"how many files of a chain are kept, the oldest go first; 0 keeps all"`
	Retention  Retention     `yaml:"retention" help:"how long records are kept; by default nothing is deleted"`
	SealEvery  time.Duration `yaml:"seal_every" validate:"min=100ms" help:"how often the chain is signed"`
	Queue      int           `yaml:"queue" validate:"min=16,max=1000000" help:"records that may wait for the disk"`
	FailClosed bool          `yaml:"fail_closed" help:"whether requests are refused while records cannot be kept; otherwise records are dropped, and counted"`
}

// Retention says which files of the folder, of all chains, are removed, the oldest first. The file that is written
// stays.
type Retention struct {
	Days  int   `yaml:"days" validate:"min=0,max=36500" help:"days after which a file goes that was not written to any more; 0 keeps all"`
	Bytes int64 `yaml:"bytes" validate:"min=0" help:"size of all files together beyond which the oldest go; 0 keeps all"`
}

// Default keeps records, in the folder that the program finds for state.
func Default() Config {
	return Config{Enabled: true, MaxBytes: 64 << 20, SealEvery: 10 * time.Second, Queue: 4096}
}

// ErrUnavailable tells that records cannot be kept and requests must be refused.
var ErrUnavailable = errors.New("the audit log does not take records")

// Log writes records of one process, in one chain. It is safe for concurrent use; Close it.
type Log struct {
	cfg   Config
	keys  Keys
	chain *chain
	queue chan *Entry
	slots chan struct{} // one for each record that may be under way
	hurry chan struct{} // half of the slots are taken

	dropped atomic.Int64 // since the last line that told so
	lost    atomic.Int64 // in all
	refused atomic.Int64
	failing atomic.Bool
	onError func(error)
	onRoom  func(used, free int64)
	onStuck func(error)

	mu     sync.RWMutex // guards closing of the queue against senders
	closed bool
	done   chan struct{}
}

// Options are what a Log works with beside its Config.
type Options struct {
	Now     func() time.Time // nil is time.Now
	OnError func(error)      // told when writing begins to fail, and with nil when it works again; may be nil
	// OnRoom is told every minute how many bytes the files have, and how many the disk has left, -1 where nobody knows;
	// may be nil.
	OnRoom func(used, free int64)
	// OnStuck is told, once of each, of old files that cannot be removed; may be nil.
	OnStuck func(error)
}

// New opens a log that writes to sink, which it owns from then on.
func New(cfg Config, keys Keys, sink Sink, o Options) (*Log, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	if o.OnRoom == nil {
		o.OnRoom = func(int64, int64) {}
	}
	if o.OnStuck == nil {
		o.OnStuck = func(error) {}
	}
	c, err := newChain(keys, sink, o.Now)
	if err != nil {
		return nil, err
	}
	l := &Log{
		cfg: cfg, keys: keys, chain: c, onError: o.OnError, onRoom: o.OnRoom, onStuck: o.OnStuck, done: make(chan struct{}),
		queue: make(chan *Entry, 2*cfg.Queue), slots: make(chan struct{}, cfg.Queue), hurry: make(chan struct{}, 1),
	}
	go l.run()
	return l, nil
}

// Keys gives the keys of digests and seals.
func (l *Log) Keys() Keys { return l.keys }

// Chain is the name of the chain that this log writes.
func (l *Log) Chain() string { return l.chain.name }

// State is how a log is doing.
type State struct {
	Lost    int64 // records that could not be kept, since the start
	Refused int64 // requests that were refused because their records could not have been kept
	Waiting int   // records that wait for the disk
	Failing bool  // the last write has failed
}

// State tells how the log is doing.
func (l *Log) State() State {
	return State{l.lost.Load(), l.refused.Load(), len(l.queue), l.failing.Load()}
}

// Open takes a place for the record of a request that is about to be answered. When the log cannot take one and is to
// fail closed, the error is [ErrUnavailable] and the request must not be answered. Otherwise the entry must be kept.
func (l *Log) Open(id string, at time.Time) (*Entry, error) {
	e := &Entry{Record: Record{ID: id, At: at}, log: l}
	select {
	case l.slots <- struct{}{}:
		e.slot = true
	default:
	}
	if l.cfg.FailClosed && (!e.slot || l.failing.Load()) {
		l.free(e)
		l.refused.Add(1)
		return nil, ErrUnavailable
	}
	return e, nil
}

// send hands over a record and returns at once. One for which there is no room is dropped and counted; the next line of
// the chain says how many.
func (l *Log) send(e *Entry) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if !l.closed {
		select {
		case l.queue <- e: // never full for an entry with a slot: the queue is longer than the slots are many
			if 2*len(l.slots) >= cap(l.slots) {
				l.wake()
			}
			return
		default:
		}
	}
	l.free(e)
	l.drop(1)
}

func (l *Log) free(e *Entry) {
	if e.slot {
		<-l.slots
		e.slot = false
	}
}

func (l *Log) drop(n int64) {
	l.dropped.Add(n)
	l.lost.Add(n)
}

// wake ends a rest early.
func (l *Log) wake() {
	select {
	case l.hurry <- struct{}{}:
	default:
	}
}

// rest is how long the goroutine of the log waits between two batches. To wake it up for every record, and to have
// every record written alone, would cost more than the record itself.
const rest = 5 * time.Millisecond

// houseEvery is how often old files are looked for.
const houseEvery = time.Minute

// keepHouse removes what is not to be kept any more, and tells how much room there is.
func (l *Log) keepHouse() {
	if err := l.prune(); err != nil {
		l.report(err)
	}
	l.onRoom(l.chain.sink.Room())
}

// prune removes what is not to be kept any more. That a file cannot be removed keeps no record from being written.
func (l *Log) prune() error {
	stuck, err := l.chain.prune()
	if stuck != nil {
		l.onStuck(stuck)
	}
	return err
}

func (l *Log) run() {
	defer close(l.done)
	seal := time.NewTicker(l.cfg.SealEvery)
	defer seal.Stop()
	rested := time.NewTimer(0)
	defer rested.Stop()
	house := time.NewTicker(houseEvery)
	defer house.Stop()
	l.guarded(l.keepHouse)
	for {
		select {
		case e, open := <-l.queue:
			if !open {
				return
			}
			l.guarded(func() { l.batch(e) })
			rested.Reset(rest)
			select {
			case <-rested.C:
			case <-l.hurry:
			}
		case <-seal.C:
			l.guarded(func() {
				l.report(errors.Join(l.chain.stand(), l.tellDropped(), l.chain.seal(), l.chain.flush()))
			})
		case <-house.C:
			l.guarded(l.keepHouse)
		}
	}
}

// guarded keeps a panic from ending the process, and with it the answers to everybody. The record at fault is lost, and
// counted.
func (l *Log) guarded(work func()) {
	defer func() {
		if fault := recover(); fault != nil {
			l.drop(1)
			l.report(fmt.Errorf("panic: %v\n%s", fault, debug.Stack()))
		}
	}()
	work()
}

// batch writes a record and those that wait behind it.
func (l *Log) batch(e *Entry) {
	file := l.chain.file
	const most = 64 // records between two flushes, however many there are
	var err error
	for left := len(l.queue); ; left-- {
		err = errors.Join(err, l.write(e))
		if left%most == 0 {
			err = errors.Join(err, l.chain.flush())
		}
		if left == 0 {
			break
		}
		e = <-l.queue // nobody else takes any
	}
	if l.chain.file != file {
		err = errors.Join(err, l.prune())
	}
	l.report(err)
}

// write gives a record to the chain. What the disk does not take at once waits in the sink, within bounds; only what
// finds no room there is lost.
func (l *Log) write(e *Entry) error {
	defer l.free(e)
	err := l.tellDropped()
	if err == nil {
		e.fit()
		err = l.chain.append(&e.Record)
	}
	if err != nil {
		l.drop(1)
	}
	return err
}

// tellDropped writes how many records are missing, so that the chain itself says so.
func (l *Log) tellDropped() error {
	n := l.dropped.Load()
	if n == 0 {
		return nil
	}
	if err := l.chain.gap(n); err != nil {
		return err
	}
	l.dropped.Add(-n)
	return nil
}

func (l *Log) report(err error) {
	var gone *replacedError
	if errors.As(err, &gone) {
		l.lost.Add(gone.records)
	}
	if failing := err != nil; l.failing.Swap(failing) != failing {
		l.onError(err)
	}
}

// Close writes what waits, seals the chain and closes the sink. Records that come later are dropped.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	close(l.queue)
	l.wake()
	l.mu.Unlock()
	select {
	case <-l.done:
	case <-ctx.Done():
		return fmt.Errorf("the audit log still writes: %w", ctx.Err())
	}
	return errors.Join(l.tellDropped(), l.chain.close())
}

// Sink takes the lines of a chain in order. Write takes whole lines; Flush brings them to where they outlast the
// process, and Sync what was flushed to where it outlasts the machine.
type Sink interface {
	io.Writer
	Flush() error
	Sync() error
	Close() error
	// Due tells whether a new file is.
	Due() bool
	// Next begins a file when there is none or a new one is due; header is then the first line of it.
	Next(header func() []byte) error
	// Lost tells whether the present file is not there any more, which it then lets go of, and gives the lines that were
	// not written to it.
	Lost() (path string, waiting []byte, gone bool)
	// Before is the newest line of another chain in the same place; nil is none.
	Before() *point
	// Old gives the files that the settings do not want kept, and Remove removes them. What it cannot remove is old no
	// more.
	Old(now time.Time) []oldFile
	Remove([]oldFile) error
	// Room tells how many bytes all files have, and how many the disk has left, -1 where nobody knows.
	Room() (used, free int64)
}

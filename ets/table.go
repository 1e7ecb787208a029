package ets

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/puzpuzpuz/xsync/v4"

	"github.com/bennu-go/bennu/proc"
)

// A Kind of table.
type Kind string

// The kinds of table.
const (
	KindSet      Kind = "set"
	KindBag      Kind = "bag"
	KindOrdered  Kind = "ordered_set"
	KindCounters Kind = "counters"
)

// A Table is what all kinds have in common: every [Set], [Bag], [Ordered] and [Counters] is one. Its methods may be called from any goroutine.
type Table interface {
	// Name is that of the Config.
	Name() string
	// Kind says which of the types it is.
	Kind() Kind
	// Len is the number of keys, those that have expired but are not swept yet included.
	Len() int
	// Info describes the table at this moment. It reads some entries.
	Info() Info
	// Sweep removes expired entries now and returns how many there were.
	Sweep() int
	// Clear deletes all entries at one instant.
	Clear()
	// Save writes the entries of one moment, with their expiry by the wall clock, in a form that [Table.Load] reads. Keys and values go through encoding/gob: what it leaves
	// out, such as unexported fields, is not saved. To save under a name use [SaveFile].
	Save(w io.Writer) error
	// Load adds what was saved of a table of the same kind and types to what is there; equal keys are replaced. It verifies a checksum before it changes
	// anything, and returns [ErrCorrupt] if that does not match. It may read beyond the end of the table. Load only what your own programs have saved.
	Load(r io.Reader) error
	// Owner is the process with which the table ends; nil if there is none.
	Owner() *proc.Process
	// SetHeir says who gets the table when its owner ends; nil is nobody.
	SetHeir(heir *proc.Process, data any)
	// GiveAway makes another process the owner and sends it a Transfer. If it has ended already the table is closed.
	GiveAway(to *proc.Process, data any)
	// Close empties the table for good: from then on nothing is found in it, and what is put into it is dropped.
	Close()
	// Closed reports whether the table was closed, by Close or by the end of its owner.
	Closed() bool

	base() *table
}

// table is the part of every kind that does not know the types of keys and values.
type table struct {
	cfg    Config
	kind   Kind
	origin time.Time // what expiry counts from, by the monotonic clock
	closed atomic.Bool
	ops    ops

	expired      *xsync.Counter
	evicted      *xsync.Counter
	hits, misses *xsync.Counter // nil in tables that are not bounded

	armed atomic.Bool // a sweep is on its way

	mu      sync.Mutex // guards the fields below
	sweeper *sweeper
	owner   *proc.Process
	unwatch func()
	heir    *proc.Process
	data    any
	onClose []func()
}

// ops is what a kind does for its table.
type ops interface {
	Len() int
	// sweep removes what has expired and tells how much, and how many entries are left that will.
	sweep() (expired, left int)
	// wipe deletes everything at one instant. before runs at that instant.
	wipe(before func())
	// memory estimates the bytes held.
	memory() int64
}

func newTable(kind Kind, cfg Config, o ops) *table {
	cfg = cfg.withDefaults(kind)
	cfg.validate(kind)
	t := &table{cfg: cfg, kind: kind, origin: time.Now(), ops: o, expired: xsync.NewCounter(), evicted: xsync.NewCounter()}
	if cfg.MaxSize > 0 {
		t.hits, t.misses = xsync.NewCounter(), xsync.NewCounter()
	}
	t.heir, t.data = cfg.Heir, cfg.HeirData
	return t
}

// begin is the end of every constructor: from here on an owner that ends may close the table.
func (t *table) begin() {
	if t.cfg.Owner != nil {
		t.own(t.cfg.Owner)
	}
}

func (t *table) base() *table { return t }

// Name implements [Table].
func (t *table) Name() string { return t.cfg.Name }

// Kind implements [Table].
func (t *table) Kind() Kind { return t.kind }

// Clear implements [Table].
func (t *table) Clear() { t.ops.wipe(func() {}) }

// Closed implements [Table].
func (t *table) Closed() bool { return t.closed.Load() }

// Close implements [Table].
func (t *table) Close() {
	first := false
	t.ops.wipe(func() { first = t.closed.CompareAndSwap(false, true) })
	if !first {
		return
	}
	t.mu.Lock()
	sw, unwatch, onClose := t.sweeper, t.unwatch, t.onClose
	t.sweeper, t.unwatch, t.onClose, t.owner, t.heir, t.data = nil, nil, nil, nil, nil, nil
	t.mu.Unlock()
	if unwatch != nil {
		unwatch()
	}
	if sw != nil {
		sw.Exit(nil)
	}
	for _, f := range onClose {
		f()
	}
}

// afterClose has f called once the table is closed; at once if it is.
func (t *table) afterClose(f func()) {
	t.mu.Lock()
	closed := t.closed.Load() // before Close takes the list, or it is in the list
	if !closed {
		t.onClose = append(t.onClose, f)
	}
	t.mu.Unlock()
	if closed {
		f()
	}
}

// now is the table's clock.
func (t *table) now() int64 { return int64(time.Since(t.origin)) }

// until is the expiry of an entry that lives for ttl from now; zero, for one that does not expire.
func (t *table) until(ttl time.Duration) int64 {
	if ttl <= 0 {
		return 0
	}
	now := t.now()
	if at := now + int64(ttl); at > now {
		return at
	}
	return 0 // beyond what can be counted: 292 years
}

// past says whether an entry with this expiry is gone.
func (t *table) past(expiry int64) bool { return expiry != 0 && t.now() >= expiry }

// left is what remains of an entry's life; negative if it does not expire.
func (t *table) left(expiry int64) time.Duration {
	if expiry == 0 {
		return -1
	}
	return time.Duration(max(expiry-t.now(), 0))
}

// asked counts a Get of a bounded table.
func (t *table) asked(found bool) {
	switch {
	case t.hits == nil:
	case found:
		t.hits.Inc()
	default:
		t.misses.Inc()
	}
}

package ets

import (
	"iter"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
	"github.com/puzpuzpuz/xsync/v4"
)

// entry is a value with what the table knows about it. It is replaced and never changed, so that its address says
// whether a key was written since.
type entry[V any] struct {
	value  V
	expiry int64 // by the table's clock; 0 is never
	cost   uint32
}

// shelf is a concurrent map from keys to pointers. What Compute is given is called under a lock: it is never the user's, and must not panic,
// because that would leave the lock behind.
type shelf[K comparable, T any] interface {
	Load(key K) *T
	Store(key K, p *T)
	// Compute replaces what is under key, at one instant, by what f returns: nil is nothing.
	Compute(key K, f func(old *T) *T)
	All() iter.Seq2[K, *T]
	Len() int
	Clear()
}

// open is a shelf without a limit.
type open[K comparable, T any] struct{ m *xsync.Map[K, *T] }

func newOpen[K comparable, T any]() shelf[K, T] { return open[K, T]{xsync.NewMap[K, *T]()} }

func (s open[K, T]) Load(key K) *T {
	p, _ := s.m.Load(key)
	return p
}

func (s open[K, T]) Store(key K, p *T)     { s.m.Store(key, p) }
func (s open[K, T]) All() iter.Seq2[K, *T] { return s.m.All() }
func (s open[K, T]) Len() int              { return s.m.Size() }
func (s open[K, T]) Clear()                { s.m.Clear() }

func (s open[K, T]) Compute(key K, f func(old *T) *T) {
	s.m.Compute(key, func(old *T, _ bool) (*T, xsync.ComputeOp) {
		switch next := f(old); next {
		case old:
			return old, xsync.CancelOp
		case nil:
			return nil, xsync.DeleteOp
		default:
			return next, xsync.UpdateOp
		}
	})
}

// bounded is a shelf that evicts. Clearing it puts a new cache in place of the old: at one instant, and in no time.
type bounded[K comparable, T any] struct {
	make func() *otter.Cache[K, *T]
	c    *atomic.Pointer[otter.Cache[K, *T]]
}

// newBounded has gone called, under a lock, with what was evicted. A nil cost is 1 each.
func newBounded[K comparable, T any](size int, cost func(*T) uint32, gone func(K, *T)) shelf[K, T] {
	o := &otter.Options[K, *T]{
		// Maintenance is short and runs on whoever touches the table: no goroutine outlives an operation.
		Executor: func(f func()) { f() },
		OnAtomicDeletion: func(e otter.DeletionEvent[K, *T]) {
			if e.WasEvicted() {
				gone(e.Key, e.Value)
			}
		},
	}
	if cost == nil {
		o.MaximumSize = size
	} else {
		o.MaximumWeight = uint64(size)
		o.Weigher = func(_ K, p *T) uint32 { return cost(p) }
	}
	s := bounded[K, T]{make: func() *otter.Cache[K, *T] { return otter.Must(o) }, c: new(atomic.Pointer[otter.Cache[K, *T]])}
	s.Clear()
	return s
}

func (s bounded[K, T]) Load(key K) *T {
	p, _ := s.c.Load().GetIfPresent(key)
	return p
}

func (s bounded[K, T]) Store(key K, p *T)     { s.c.Load().Set(key, p) }
func (s bounded[K, T]) All() iter.Seq2[K, *T] { return s.c.Load().All() }
func (s bounded[K, T]) Len() int              { return s.c.Load().EstimatedSize() }
func (s bounded[K, T]) Clear()                { s.c.Store(s.make()) }

func (s bounded[K, T]) Compute(key K, f func(old *T) *T) {
	s.c.Load().Compute(key, func(old *T, _ bool) (*T, otter.ComputeOp) {
		switch next := f(old); next {
		case old:
			return old, otter.CancelOp
		case nil:
			return nil, otter.InvalidateOp
		default:
			return next, otter.WriteOp
		}
	})
}

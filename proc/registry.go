package proc

import (
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"sync"
)

// ErrRegistered says that the key belongs to another process.
var ErrRegistered = errors.New("proc: key is registered already")

// A Registry finds processes by key. An entry ends with its process. Make one with [NewUnique] or [NewDuplicate].
// Its methods may be called from any goroutine.
type Registry[K comparable, V any] struct {
	unique bool
	seed   maphash.Seed
	shards [registryShards]registryShard[K, V]
}

const registryShards = 16

type registryShard[K comparable, V any] struct {
	mu   sync.RWMutex // guards what follows, and the links of the entries
	keys map[K]*group[V]
}

// group is what stands under one key, in order of registration.
type group[V any] struct{ first, last *Entry[V] }

// An Entry is a process under a key, with a value that belongs to the entry.
type Entry[V any] struct {
	Process    *Process
	Value      V
	prev, next *Entry[V]
	gone       bool // taken out again
	watch      watch
}

// NewUnique makes a Registry that holds one process per key: names.
func NewUnique[K comparable, V any]() *Registry[K, V] {
	return &Registry[K, V]{unique: true, seed: maphash.MakeSeed()}
}

// NewDuplicate makes a Registry that holds any number of processes per key: groups.
func NewDuplicate[K comparable, V any]() *Registry[K, V] {
	return &Registry[K, V]{seed: maphash.MakeSeed()}
}

func (r *Registry[K, V]) shard(key K) *registryShard[K, V] {
	return &r.shards[maphash.Comparable(r.seed, key)%registryShards]
}

// Register puts p under key until it ends. A unique Registry returns ErrRegistered if another live process is there, or p itself; any Registry
// returns ErrNoProcess if p has ended. In a duplicate Registry a process may stand under a key more than once.
func (r *Registry[K, V]) Register(key K, p *Process, value V) error {
	sh := r.shard(key)
	e := &Entry[V]{Process: p, Value: value}
	e.watch = watch{target: p, f: func(error) { sh.take(key, e) }}
	if other := sh.put(key, e, r.unique); other != nil {
		return fmt.Errorf("%w: %v by %s", ErrRegistered, key, other.Label())
	}
	if !e.watch.start() {
		sh.take(key, e)
		return ErrNoProcess
	}
	sh.mu.RLock()
	gone := e.gone
	sh.mu.RUnlock()
	if gone { // unregistered in between
		e.watch.stop()
	}
	return nil
}

// put adds e, or returns the live process that is in its way. An entry of a dead process, about to be taken out, is not.
func (sh *registryShard[K, V]) put(key K, e *Entry[V], unique bool) *Process {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	g := sh.keys[key]
	if g == nil {
		if sh.keys == nil {
			sh.keys = make(map[K]*group[V])
		}
		g = &group[V]{}
		sh.keys[key] = g
	}
	if unique {
		for other := g.first; other != nil; other = other.next {
			if other.Process.Alive() {
				return other.Process
			}
		}
	}
	e.prev = g.last
	if g.last == nil {
		g.first = e
	} else {
		g.last.next = e
	}
	g.last = e
	return nil
}

// take removes e.
func (sh *registryShard[K, V]) take(key K, e *Entry[V]) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.takeLocked(key, e)
}

func (sh *registryShard[K, V]) takeLocked(key K, e *Entry[V]) {
	if e.gone {
		return
	}
	e.gone = true
	g := sh.keys[key]
	if e.prev == nil {
		g.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		g.last = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
	if g.first == nil {
		delete(sh.keys, key)
	}
}

// Unregister removes every entry of p under key.
func (r *Registry[K, V]) Unregister(key K, p *Process) {
	sh := r.shard(key)
	var taken []*Entry[V]
	sh.mu.Lock()
	if g := sh.keys[key]; g != nil {
		for e := g.first; e != nil; {
			next := e.next
			if e.Process == p {
				sh.takeLocked(key, e)
				taken = append(taken, e)
			}
			e = next
		}
	}
	sh.mu.Unlock()
	for _, e := range taken {
		e.watch.stop()
	}
}

// Lookup returns the process under key, the first registered if there are several, or nil.
func (r *Registry[K, V]) Lookup(key K) *Process {
	sh := r.shard(key)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	if g := sh.keys[key]; g != nil {
		for e := g.first; e != nil; e = e.next {
			if e.Process.Alive() {
				return e.Process
			}
		}
	}
	return nil
}

// Entries returns the live entries under key in order of registration.
func (r *Registry[K, V]) Entries(key K) []*Entry[V] {
	sh := r.shard(key)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	all := []*Entry[V]{}
	if g := sh.keys[key]; g != nil {
		for e := g.first; e != nil; e = e.next {
			if e.Process.Alive() {
				all = append(all, e)
			}
		}
	}
	return all
}

// All lists the keys with their live entries, in no particular order of keys. Entries may come and go meanwhile.
func (r *Registry[K, V]) All() iter.Seq2[K, *Entry[V]] {
	return func(yield func(K, *Entry[V]) bool) {
		for i := range r.shards {
			sh := &r.shards[i]
			sh.mu.RLock()
			keys := make([]K, 0, len(sh.keys))
			for key := range sh.keys {
				keys = append(keys, key)
			}
			sh.mu.RUnlock()
			for _, key := range keys {
				for _, e := range r.Entries(key) {
					if !yield(key, e) {
						return
					}
				}
			}
		}
	}
}

// Count returns the number of keys that have a process.
func (r *Registry[K, V]) Count() int {
	n := 0
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.RLock()
		n += len(sh.keys)
		sh.mu.RUnlock()
	}
	return n
}

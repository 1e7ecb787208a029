package proc

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
)

// ErrRegistered says that the key belongs to another process.
var ErrRegistered = errors.New("proc: key is registered already")

// A Registry finds processes by key. An entry ends with its process. Make one with [NewUnique] or [NewDuplicate].
type Registry[K comparable, V any] struct {
	unique bool
	seed   maphash.Seed
	shards [registryShards]registryShard[K, V]
}

const registryShards = 16

type registryShard[K comparable, V any] struct {
	mu      sync.RWMutex // guards entries
	entries map[K][]*Entry[V]
}

// An Entry is a process under a key, with a value that belongs to the entry.
type Entry[V any] struct {
	Process *Process
	Value   V
	stop    func()
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

// Register puts p under key until it ends. A unique Registry returns ErrRegistered if another live process is there; any Registry
// returns ErrNoProcess if p has ended.
func (r *Registry[K, V]) Register(key K, p *Process, value V) error {
	sh := r.shard(key)
	e := &Entry[V]{Process: p, Value: value}
	sh.mu.Lock()
	if r.unique {
		for _, other := range sh.entries[key] {
			if other.Process.Alive() {
				sh.mu.Unlock()
				return fmt.Errorf("%w: %v by %s", ErrRegistered, key, other.Process.Label())
			}
		}
	}
	if sh.entries == nil {
		sh.entries = make(map[K][]*Entry[V])
	}
	sh.entries[key] = append(sh.entries[key], e)
	sh.mu.Unlock()
	dead := false
	stop := p.Watch(func(reason error) {
		dead = reason == ErrNoProcess // only then called before Watch returns
		sh.remove(key, func(x *Entry[V]) bool { return x == e })
	})
	if dead {
		return ErrNoProcess
	}
	sh.mu.Lock()
	e.stop = stop
	sh.mu.Unlock()
	return nil
}

// Unregister removes every entry of p under key.
func (r *Registry[K, V]) Unregister(key K, p *Process) {
	for _, e := range r.shard(key).remove(key, func(e *Entry[V]) bool { return e.Process == p }) {
		if e.stop != nil {
			e.stop()
		}
	}
}

func (sh *registryShard[K, V]) remove(key K, match func(*Entry[V]) bool) (removed []*Entry[V]) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	var kept []*Entry[V]
	for _, e := range sh.entries[key] {
		if match(e) {
			removed = append(removed, e)
		} else {
			kept = append(kept, e)
		}
	}
	if len(kept) == 0 {
		delete(sh.entries, key)
	} else {
		sh.entries[key] = kept
	}
	return removed
}

// Lookup returns the process under key, the first registered if there are several, or nil.
func (r *Registry[K, V]) Lookup(key K) *Process {
	for _, e := range r.Entries(key) {
		return e.Process
	}
	return nil
}

// Entries returns the live entries under key in order of registration.
func (r *Registry[K, V]) Entries(key K) []*Entry[V] {
	sh := r.shard(key)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	var all []*Entry[V]
	for _, e := range sh.entries[key] {
		if e.Process.Alive() {
			all = append(all, e)
		}
	}
	return all
}

// Count returns the number of keys that have a process.
func (r *Registry[K, V]) Count() int {
	n := 0
	for i := range r.shards {
		sh := &r.shards[i]
		sh.mu.RLock()
		n += len(sh.entries)
		sh.mu.RUnlock()
	}
	return n
}

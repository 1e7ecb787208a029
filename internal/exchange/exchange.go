// Package exchange is one HTTP request and its answer, as the plugs on its way see it: values that belong to the request, and a
// writer that knows how far the answer is.
//
// # Terms
//
// An Exchange is what Begin puts in the request's context, once; the endpoint does it, and so does whatever of Bennu's plugs comes first where there is
// no endpoint. A [Key] is a typed place for one value in it. The [Writer] is the exchange's http.ResponseWriter; its hooks run just before the
// header is sent, which is when cookies can still be set.
//
// # Order
//
// Hooks run once, the last added first, so that what was added later, further inside, is done before what was added outside of it: as with Plug's
// register_before_send. They may change headers and the status, and must not write. An Exchange belongs to the goroutine that serves the request.
//
// # Limits
//
// One context value for each request whatever the number of keys: values are searched along a short list. Interim answers (1xx) pass without hooks.
//
// # Source
//
// Plug 1.20: Plug.Conn, assigns, private and register_before_send/2.
package exchange

import (
	"context"
	"net/http"
)

// An Exchange is one request and its answer. It is the context of the request.
type Exchange struct {
	context.Context
	writer Writer
	slots  []slot
	room   [8]slot
}

type slot struct {
	key   any // a *Key, or what SetValue was given
	value any
}

type contextKey struct{}

// Of returns the exchange that r belongs to, or nil.
func Of(r *http.Request) *Exchange { return From(r.Context()) }

// From is Of for a request's context.
func From(ctx context.Context) *Exchange {
	x, _ := ctx.Value(contextKey{}).(*Exchange)
	return x
}

// Begin returns the exchange that r belongs to, with the writer and the request to serve it with: w and r themselves where it had begun
// before. A writer that somebody has put around the exchange's stays.
func Begin(w http.ResponseWriter, r *http.Request) (*Exchange, http.ResponseWriter, *http.Request) {
	if x := Of(r); x != nil && x.writer.within(w) {
		return x, w, r
	}
	x := &Exchange{Context: r.Context()}
	x.writer.ResponseWriter = w
	x.writer.encoded = w.Header().Get("Content-Encoding") != ""
	x.slots = x.room[:0]
	if outer := Of(r); outer != nil { // served with another writer: values stay, hooks are of this one
		x.slots = append(x.slots, outer.slots...)
	}
	return x, &x.writer, r.WithContext(x)
}

// Value implements context.Context.
func (x *Exchange) Value(key any) any {
	if key == (contextKey{}) {
		return x
	}
	for i := range x.slots {
		if x.slots[i].key == key {
			return x.slots[i].value
		}
	}
	return x.Context.Value(key)
}

// SetValue is context.WithValue for a request that is under way: everything that has the request's context sees it.
func (x *Exchange) SetValue(key, value any) {
	for i := range x.slots {
		if x.slots[i].key == key {
			x.slots[i].value = value
			return
		}
	}
	x.slots = append(x.slots, slot{key, value})
}

// Writer returns the writer, for its state and hooks.
func (x *Exchange) Writer() *Writer { return &x.writer }

// A Key is the place of a value of type T. Keys are compared by address: make each one once, as a package variable, with NewKey.
type Key[T any] struct{ name string }

// NewKey makes a key; the name is for who looks at all values.
func NewKey[T any](name string) *Key[T] { return &Key[T]{name: name} }

// Name returns what NewKey was given.
func (k *Key[T]) Name() string { return k.name }

// Get returns the value in x, which may be nil. Ok is false if none was set.
func (k *Key[T]) Get(x *Exchange) (v T, ok bool) {
	if x == nil {
		return v, false
	}
	for i := range x.slots {
		if x.slots[i].key == any(k) {
			v, _ = x.slots[i].value.(T)
			return v, true
		}
	}
	return v, false
}

// Set puts a value in x in place of the one before.
func (k *Key[T]) Set(x *Exchange, v T) {
	x.SetValue(k, v)
}

// Delete takes the value out of x.
func (k *Key[T]) Delete(x *Exchange) {
	for i := range x.slots {
		if x.slots[i].key == any(k) {
			last := len(x.slots) - 1
			x.slots[i] = x.slots[last]
			x.slots[last] = slot{}
			x.slots = x.slots[:last]
			return
		}
	}
}

// Each calls f with the name and value of every key that is set, for pages that show a request to its developer.
func (x *Exchange) Each(f func(name string, value any)) {
	for _, s := range x.slots {
		if k, ok := s.key.(interface{ Name() string }); ok {
			f(k.Name(), s.value)
		}
	}
}

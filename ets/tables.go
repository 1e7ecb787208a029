package ets

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
)

// The errors of [Tables].
var (
	// ErrNameTaken says that another table has the name.
	ErrNameTaken = errors.New("ets: a table with that name is there already")
	// ErrNoTable says that no table has the name: it was never added, or is closed.
	ErrNoTable = errors.New("ets: no such table")
)

// Tables finds tables by name: what Erlang's named tables are, as a value that an application makes and passes on. The
// zero value is empty and ready. A table leaves when it is closed.
type Tables struct {
	mu     sync.RWMutex // guards what follows
	byName map[string]Table
}

// Add puts t under its name. It returns ErrNameTaken if another is there, and ErrNoTable if t is closed.
func (ts *Tables) Add(t Table) error {
	if err := ts.put(t); err != nil {
		return err
	}
	t.base().afterClose(func() { ts.remove(t) }) // at once if it is closed
	if t.Closed() {
		return fmt.Errorf("%w: %q is closed", ErrNoTable, t.Name())
	}
	return nil
}

func (ts *Tables) put(t Table) error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if other := ts.byName[t.Name()]; other != nil {
		return fmt.Errorf("%w: %q, of kind %s", ErrNameTaken, t.Name(), other.Kind())
	}
	if ts.byName == nil {
		ts.byName = make(map[string]Table)
	}
	ts.byName[t.Name()] = t
	return nil
}

func (ts *Tables) remove(t Table) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.byName[t.Name()] == t {
		delete(ts.byName, t.Name())
	}
}

// All iterates over the tables by name.
func (ts *Tables) All() iter.Seq2[string, Table] {
	return func(yield func(string, Table) bool) {
		ts.mu.RLock()
		all := make([]Table, 0, len(ts.byName))
		for _, t := range ts.byName {
			all = append(all, t)
		}
		ts.mu.RUnlock()
		slices.SortFunc(all, func(a, b Table) int { return strings.Compare(a.Name(), b.Name()) })
		for _, t := range all {
			if !yield(t.Name(), t) {
				return
			}
		}
	}
}

// Find returns the table with that name as what it is: Find[*ets.Set[string, User]](tables, "users"). It returns ErrNoTable if there is
// none, and another error if it is of another type.
func Find[T Table](ts *Tables, name string) (T, error) {
	ts.mu.RLock()
	found := ts.byName[name]
	ts.mu.RUnlock()
	var none T
	if found == nil {
		return none, fmt.Errorf("%w: %q", ErrNoTable, name)
	}
	t, ok := found.(T)
	if !ok {
		return none, fmt.Errorf("ets: table %q is a %T, not a %T", name, found, none)
	}
	return t, nil
}

package pubsub

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
)

const strictKept = 10_000 // values watched for changes; older ones are forgotten

// strictLog remembers published and decoded values, and what they looked like.
type strictLog struct {
	mu     sync.Mutex // guards values
	values []watchedValue
}

type watchedValue struct {
	topic string
	typ   *valueType
	value any
	bytes []byte
}

// add takes the value's bytes now: those that it was decoded from may differ from those that it encodes to.
func (l *strictLog) add(topic string, t *valueType, v any) {
	b, err := t.bytes(v)
	if err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.values) >= strictKept {
		l.values = append(l.values[:0], l.values[strictKept/2:]...)
	}
	l.values = append(l.values, watchedValue{topic, t, v, bytes.Clone(b)})
}

// Mutated returns an error for each value that was changed by its publisher or a subscriber after it had been published. It sees changes with
// [Config.Strict] only, of what the type's encoding shows, in the last 10,000 values; call it at the end of a test, when nothing runs any more.
func (ps *PubSub) Mutated() (errs []error) {
	ps.strict.mu.Lock()
	values := slices.Clone(ps.strict.values)
	ps.strict.mu.Unlock()
	for _, w := range values {
		now, err := w.typ.bytes(w.value)
		if err != nil || !bytes.Equal(now, w.bytes) {
			errs = append(errs, fmt.Errorf("pubsub: a %s published on %q was changed afterwards; subscribers share it: publish a copy, or change a copy (was %.200q, is %.200q)",
				w.typ.typ, w.topic, w.bytes, now))
		}
	}
	return errs
}

package pubsub

import (
	"bytes"
	"fmt"
	"sync"
)

const strictKept = 10_000 // values watched for changes; older ones are forgotten

// strictLog remembers published values and what they looked like.
type strictLog struct {
	mu     sync.Mutex // guards values
	values []watchedValue
}

type watchedValue struct {
	topic string
	value any
	bytes []byte
}

func (l *strictLog) add(topic string, v any, b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.values) >= strictKept {
		l.values = append(l.values[:0], l.values[strictKept/2:]...)
	}
	l.values = append(l.values, watchedValue{topic, v, b})
}

// Mutated returns an error for each value that was changed by its publisher or a subscriber after it had been published. It sees changes with
// [Config.Strict] only; call it at the end of a test, when nothing runs any more.
func (ps *PubSub) Mutated() (errs []error) {
	ps.strict.mu.Lock()
	defer ps.strict.mu.Unlock()
	for _, w := range ps.strict.values {
		now, err := encodeValue(w.value)
		if err != nil || !bytes.Equal(now, w.bytes) {
			errs = append(errs, fmt.Errorf("pubsub: a %T published on %q was changed afterwards; subscribers share it: publish a copy, or change a copy (was %s, is %s)",
				w.value, w.topic, w.bytes, now))
		}
	}
	return errs
}

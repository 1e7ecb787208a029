package proc

import (
	"math"
	"testing"
)

// FuzzMailbox compares a mailbox with a slice. Each byte is an operation: pop, push, or push as control.
func FuzzMailbox(f *testing.F) {
	f.Add([]byte{1, 1, 1, 0, 0, 0, 0})
	f.Add([]byte{1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{1, 0, 2, 0, 1, 0, 2, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0})
	s := NewSystem(quiet())
	f.Fuzz(func(t *testing.T, ops []byte) {
		type entry struct {
			msg     any
			control bool
		}
		var box mailbox
		var model []entry
		ordinary := uint32(0)
		for i, op := range ops {
			switch op % 3 {
			case 0:
				msg, ok := box.pop(s)
				if ok != (len(model) > 0) {
					t.Fatalf("step %d: pop says %v, %d are waiting", i, ok, len(model))
				}
				if !ok {
					break
				}
				if msg != model[0].msg {
					t.Fatalf("step %d: popped %v, want %v", i, msg, model[0].msg)
				}
				if !model[0].control {
					ordinary--
				}
				model = model[1:]
			default:
				var msg any = i
				if op%5 == 0 {
					msg = nil
				}
				control := op%3 == 2
				box.push(s, msg, control)
				model = append(model, entry{msg, control})
				if !control {
					ordinary++
				}
			}
			if box.len() != len(model) || box.n != ordinary || box.empty() != (len(model) == 0) {
				t.Fatalf("step %d: len %d, ordinary %d, empty %v, want %d and %d", i, box.len(), box.n, box.empty(), len(model), ordinary)
			}
			for c := box.last; c != nil; {
				for k := range c.r {
					if c.msgs[k] != nil {
						t.Fatalf("step %d: a popped message is kept alive", i)
					}
				}
				if c = c.next; c == box.last {
					break
				}
			}
		}
	})
}

// A limit beyond what the mailbox can count is no limit, and does not wrap to a small one.
func TestAMailboxMayBeAsLargeAsAnInt(t *testing.T) {
	for _, limit := range []int64{math.MaxUint32 + 1, math.MaxUint32 + 2, math.MaxInt64} {
		inBubble(t, quiet(), func(t *testing.T, s *System) {
			r := &rec{}
			r.spawn(t, s, int(limit))
			for range 3 {
				if err := r.Send("x"); err != nil {
					t.Errorf("a mailbox of %d: %v", limit, err)
				}
			}
		})
	}
}

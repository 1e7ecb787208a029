package presence

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// world is a topic as it is, what is to go out, and clients: the small model in which every history is tried.
type world struct {
	here    map[string]string // ref to key: the truth
	hidden  map[string]string // of a node that is silent
	pending pending
	flying  [][2][]change // diffs taken and not broadcast yet
	clients []modelClient
	served  []map[string]string // listing made for a client and not yet pushed; nil: none
	next    int
}

// modelClient is a jsClient that works on refs alone, which makes a million histories cheap.
type modelClient struct {
	refs    map[string]bool
	waiting [][2][]change
}

func (c *modelClient) diff(d [2][]change) {
	if c.refs == nil {
		c.waiting = append(c.waiting, d)
		return
	}
	for _, ch := range d[0] {
		c.refs[ch.meta.ref()] = true
	}
	for _, ch := range d[1] {
		delete(c.refs, ch.meta.ref())
	}
}

func (c *modelClient) state(refs map[string]string) {
	c.refs = make(map[string]bool)
	for ref := range refs {
		c.refs[ref] = true
	}
	for _, d := range c.waiting {
		c.diff(d)
	}
	c.waiting = nil
}

func newWorld(clients int) *world {
	return &world{here: map[string]string{}, hidden: map[string]string{}, clients: make([]modelClient, clients), served: make([]map[string]string, clients)}
}

func (w *world) join(key string) {
	ref := fmt.Sprintf("ref-%012d", w.next)
	w.next++
	w.here[ref] = key
	w.pending.join(item{key, newMeta([]byte("{"), ref, "")}, 0)
}

func (w *world) leave(ref string) {
	w.pending.leave(item{w.here[ref], newMeta([]byte("{"), ref, "")}, 0)
	delete(w.here, ref)
}

// newest returns the ref that came last.
func (w *world) newest() string {
	last := ""
	for ref := range w.here {
		last = max(last, ref)
	}
	return last
}

func (w *world) oldest() string {
	first := ""
	for ref := range w.here {
		if first == "" || ref < first {
			first = ref
		}
	}
	return first
}

func clone(m map[string]string) map[string]string {
	c := make(map[string]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func (w *world) flush() {
	if joins, leaves := w.pending.take(); len(joins)+len(leaves) > 0 {
		w.flying = append(w.flying, [2][]change{joins, leaves})
	}
}

func (w *world) deliver() {
	d := w.flying[0]
	w.flying = w.flying[1:]
	for i := range w.clients {
		w.clients[i].diff(d)
	}
}

func (w *world) list(client int) {
	w.pending.listed()
	w.served[client] = clone(w.here)
}

func (w *world) push(client int) {
	w.clients[client].state(w.served[client])
	w.served[client] = nil
}

// steps are what can happen. A step that cannot happen now says so, and its history ends there.
var steps = []struct {
	name string
	do   func(w *world) bool
}{
	{"join", func(w *world) bool { w.join("a"); return true }},
	{"leave newest", func(w *world) bool { return len(w.here) > 0 && then(func() { w.leave(w.newest()) }) }},
	{"leave oldest", func(w *world) bool { return len(w.here) > 1 && then(func() { w.leave(w.oldest()) }) }},
	{"update", func(w *world) bool {
		return len(w.here) > 0 && then(func() { w.leave(w.newest()); w.join("a") })
	}},
	{"node silent", func(w *world) bool {
		return len(w.here) > 0 && len(w.hidden) == 0 && then(func() {
			for ref, key := range w.here {
				w.hidden[ref] = key
				w.leave(ref)
			}
		})
	}},
	{"node back", func(w *world) bool {
		return len(w.hidden) > 0 && then(func() {
			for ref, key := range w.hidden {
				w.here[ref] = key
				w.pending.join(item{key, newMeta([]byte("{"), ref, "")}, 0)
			}
			clear(w.hidden)
		})
	}},
	{"flush", func(w *world) bool { return !w.pending.empty() && then(w.flush) }},
	{"deliver", func(w *world) bool { return len(w.flying) > 0 && then(w.deliver) }},
	{"list 0", func(w *world) bool {
		return w.served[0] == nil && w.clients[0].refs == nil && then(func() { w.list(0) })
	}},
	{"push 0", func(w *world) bool { return w.served[0] != nil && then(func() { w.push(0) }) }},
	{"list and push 1", func(w *world) bool { return then(func() { w.list(1); w.push(1) }) }},
}

func then(f func()) bool { f(); return true }

func replay(history []int) (*world, bool) {
	w := newWorld(2)
	for _, step := range history {
		if !steps[step].do(w) {
			return nil, false
		}
	}
	return w, true
}

// settle lets everything out, and says what a client has wrong.
func (w *world) settle() error {
	w.flush()
	for len(w.flying) > 0 {
		w.deliver()
	}
	for i := range w.clients {
		if w.served[i] != nil {
			w.push(i)
		}
		c := &w.clients[i]
		if c.refs == nil {
			continue
		}
		wrong := len(c.refs) != len(w.here)
		for ref := range w.here {
			wrong = wrong || !c.refs[ref]
		}
		if wrong {
			return fmt.Errorf("client %d has %v, the topic %v", i, c.refs, w.here)
		}
	}
	return nil
}

func describe(history []int) (names []string) {
	for _, step := range history {
		names = append(names, steps[step].name)
	}
	return names
}

// Every history of so many steps: two clients, one of which is slow to be pushed its listing, diffs that are slow to be broadcast, and a node that comes and goes.
func TestPendingEveryInterleaving(t *testing.T) {
	histories := 0
	var try func(history []int)
	try = func(history []int) {
		w, ok := replay(history)
		if !ok || t.Failed() {
			return
		}
		histories++
		if len(history) < longestHistory {
			for step := range steps {
				try(append(history, step))
			}
		}
		if err := w.settle(); err != nil {
			t.Errorf("%q: %v", describe(history), err)
		}
	}
	try(make([]int, 0, longestHistory))
	if histories < fewestHistories {
		t.Errorf("got %d histories, want at least %d", histories, fewestHistories)
	}
}

// Long random histories reach what short ones cannot: the index, and its cleaning.
func TestPendingLongHistories(t *testing.T) {
	for seed := range uint64(2_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(2)
		var history []int
		for range 20 + r.IntN(200) {
			step := r.IntN(len(steps))
			if r.IntN(3) > 0 { // mostly crowds that come and go
				step = []int{0, 0, 1, 2, 3}[r.IntN(5)]
			}
			if steps[step].do(w) {
				history = append(history, step)
			}
		}
		if err := w.settle(); err != nil {
			t.Fatalf("seed %d, %q: %v", seed, describe(history), err)
		}
	}
}

func TestPendingCancelsPairs(t *testing.T) {
	w := newWorld(1)
	for range 100 {
		w.join("a")
		w.leave(w.newest())
	}
	if !w.pending.empty() || len(w.pending.changes) > 4*indexFrom {
		t.Errorf("pairs that nobody saw are still there: %d", len(w.pending.changes))
	}
	w.join("a")
	w.list(0)
	w.leave(w.newest())
	joins, leaves := w.pending.take()
	if len(joins) != 0 || len(leaves) != 1 {
		t.Errorf("a pair that was listed in between: got %d joins and %d leaves, want 0 and 1", len(joins), len(leaves))
	}
	w.list(0)
	w.join("a")
	w.leave(w.newest())
	if !w.pending.empty() {
		t.Error("a listing before the pair keeps it from cancelling")
	}
}

func TestPendingMerges(t *testing.T) {
	w := newWorld(1)
	w.join("a")
	w.flush()
	old := w.newest()
	for range 3 { // updates
		w.leave(w.newest())
		w.join("a")
	}
	joins, leaves := w.pending.take()
	if len(joins) != 1 || joins[0].meta.ref() != w.newest() {
		t.Errorf("got joins %v, want the survivor %s", joins, w.newest())
	}
	if len(leaves) != 1 || leaves[0].meta.ref() != old {
		t.Errorf("got leaves %v, want the one that clients have, %s", leaves, old)
	}
}

func TestPendingTakesByKey(t *testing.T) {
	w := newWorld(0)
	for _, key := range []string{"b", "a", "c", "a", "b"} {
		w.join(key)
	}
	joins, _ := w.pending.take()
	var got []string
	for _, c := range joins {
		got = append(got, c.key+c.meta.ref()[len("ref-00000000000"):])
	}
	if want := []string{"a1", "a3", "b0", "b4", "c2"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

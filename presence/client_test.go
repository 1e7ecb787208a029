package presence

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// jsClient keeps presences as phoenix.js does: by the published algorithm, which knows nothing of pending or the tracker.
type jsClient struct {
	state   jsState
	synced  bool     // has been given a state since it joined
	waiting []jsDiff // came before it
}

type jsState map[string][]jsMeta

type jsMeta struct {
	Ref  string `json:"phx_ref"`
	Prev string `json:"phx_ref_prev"`
}

type jsEntry struct {
	Metas []jsMeta `json:"metas"`
}

type jsDiff struct {
	Joins  map[string]jsEntry `json:"joins"`
	Leaves map[string]jsEntry `json:"leaves"`
}

func has(metas []jsMeta, ref string) bool {
	return slices.ContainsFunc(metas, func(m jsMeta) bool { return m.Ref == ref })
}

// syncDiff applies joins, then leaves.
func (c *jsClient) syncDiff(d jsDiff) {
	if !c.synced {
		c.waiting = append(c.waiting, d)
		return
	}
	for key, entry := range d.Joins {
		var kept []jsMeta
		for _, m := range c.state[key] {
			if !has(entry.Metas, m.Ref) {
				kept = append(kept, m)
			}
		}
		c.state[key] = append(kept, entry.Metas...)
	}
	for key, entry := range d.Leaves {
		metas, ok := c.state[key]
		if !ok {
			continue
		}
		metas = slices.DeleteFunc(slices.Clone(metas), func(m jsMeta) bool { return has(entry.Metas, m.Ref) })
		if len(metas) == 0 {
			delete(c.state, key)
		} else {
			c.state[key] = metas
		}
	}
}

// syncState turns the new state into a diff against the old one, and applies it.
func (c *jsClient) syncState(state map[string]jsEntry) {
	if c.state == nil {
		c.state = make(jsState)
	}
	d := jsDiff{Joins: map[string]jsEntry{}, Leaves: map[string]jsEntry{}}
	for key, metas := range c.state {
		if _, ok := state[key]; !ok {
			d.Leaves[key] = jsEntry{metas}
		}
	}
	for key, entry := range state {
		var joined, left []jsMeta
		for _, m := range entry.Metas {
			if !has(c.state[key], m.Ref) {
				joined = append(joined, m)
			}
		}
		for _, m := range c.state[key] {
			if !has(entry.Metas, m.Ref) {
				left = append(left, m)
			}
		}
		if len(joined) > 0 {
			d.Joins[key] = jsEntry{joined}
		}
		if len(left) > 0 {
			d.Leaves[key] = jsEntry{left}
		}
	}
	c.synced = true
	c.syncDiff(d)
	for _, d := range c.waiting {
		c.syncDiff(d)
	}
	c.waiting = nil
}

func (c *jsClient) onState(b []byte) { c.syncState(decode[map[string]jsEntry](b)) }
func (c *jsClient) onDiff(b []byte)  { c.syncDiff(decode[jsDiff](b)) }

func decode[T any](b []byte) (v T) {
	if err := json.Unmarshal(b, &v); err != nil {
		panic(fmt.Sprintf("%v in %s", err, b))
	}
	return v
}

// String gives keys and refs in an order of their own: that of clients means nothing.
func (s jsState) String() string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(s)) {
		var refs []string
		for _, m := range s[key] {
			refs = append(refs, m.Ref)
		}
		slices.Sort(refs)
		fmt.Fprintf(&b, "%s:%s ", key, strings.Join(refs, ","))
	}
	return b.String()
}

// listed gives a listing as a jsState.
func listed(b []byte) jsState {
	s := make(jsState)
	for key, entry := range decode[map[string]jsEntry](b) {
		s[key] = entry.Metas
	}
	return s
}

func TestJSClientItself(t *testing.T) {
	m := func(refs ...string) (e jsEntry) {
		for _, ref := range refs {
			e.Metas = append(e.Metas, jsMeta{Ref: ref})
		}
		return e
	}
	c := &jsClient{}
	c.syncDiff(jsDiff{Joins: map[string]jsEntry{"b": m("b1")}}) // waits
	c.syncState(map[string]jsEntry{"a": m("a1", "a2")})
	if got := c.state.String(); got != "a:a1,a2 b:b1 " {
		t.Errorf("a diff before the state: got %q", got)
	}
	c.syncDiff(jsDiff{Joins: map[string]jsEntry{"a": m("a2", "a3")}, Leaves: map[string]jsEntry{"a": m("a1"), "b": m("b1"), "c": m("c1")}})
	if got := c.state.String(); got != "a:a2,a3 " {
		t.Errorf("a diff: got %q", got)
	}
	c.syncState(map[string]jsEntry{"a": m("a3", "a4"), "d": m("d1")})
	if got := c.state.String(); got != "a:a3,a4 d:d1 " {
		t.Errorf("a second state: got %q", got)
	}
}

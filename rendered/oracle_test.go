package rendered_test

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/bennu-go/bennu/internal/jstest"
	"github.com/bennu-go/bennu/rendered"
)

// An oracle is the npm client's own merge of diffs, under node.
type oracle struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Reader
}

func startOracle(t testing.TB) *oracle {
	t.Helper()
	dist := jstest.Bundle(t, filepath.Join("testdata", "client"))
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dist, "oracle.mjs"))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("node ended with %v", err)
		}
	})
	return &oracle{t, in, bufio.NewReaderSize(out, 1<<20)}
}

// ask returns the HTML after a message, or the client's error.
func (o *oracle) ask(what string, content any) (html, failure string) {
	line, err := json.Marshal(map[string]any{what: content})
	if err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.in.Write(append(line, '\n')); err != nil {
		o.t.Fatal(err)
	}
	answer, err := o.out.ReadBytes('\n')
	if err != nil {
		o.t.Fatal(err)
	}
	var said struct{ HTML, Error string }
	if err := json.Unmarshal(answer, &said); err != nil {
		o.t.Fatal(err)
	}
	return said.HTML, said.Error
}

// A session is a view that is rendered again and again, as a server would.
type session struct {
	k         maker
	v         view
	w         *rendered.Writer
	p         rendered.Prints
	destroyed []int
}

// render emits the root, if it is wanted, and the components: the new ones and those of again.
func (s *session) render(t *rapid.T, root bool, again []int) (diff []byte) {
	s.w.StartDiff(&s.p)
	again = slices.Clone(again)
	done := map[int]bool{}
	known := maps.Clone(s.v.components)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if root {
		must(s.w.Root(t.Context(), pure(s.v.root.emit)))
		if s.w.Replaced() {
			// Every component that is shown comes anew.
			known = map[int]*mNode{}
			again = nil
		}
	}
	for {
		queue := slices.Clone(s.w.Seen())
		queue = slices.DeleteFunc(queue, func(cid int) bool { return done[cid] || known[cid] != nil && !slices.Contains(s.destroyed, cid) })
		queue = append(queue, again...)
		again = nil
		if len(queue) == 0 {
			break
		}
		for _, cid := range queue {
			if done[cid] {
				continue
			}
			done[cid] = true
			if s.v.components[cid] == nil {
				s.component(cid)
			}
			must(s.w.Component(t.Context(), cid, pure(s.v.components[cid].emit)))
		}
	}
	if root && s.w.Replaced() {
		maps.DeleteFunc(s.v.components, func(cid int, _ *mNode) bool { return !done[cid] })
	}
	s.destroyed = slices.DeleteFunc(s.destroyed, func(cid int) bool { return done[cid] })
	diff, err := s.w.Diff(nil, rendered.Extras{})
	must(err)
	return diff
}

// component makes the state of a component.
func (s *session) component(cid int) {
	s.k.lowest = cid + 1
	n := s.k.node(2, rootBlocks)
	s.v.components[cid] = &n
}

// html renders the page afresh.
func (s *session) html(t *rapid.T) string {
	var w rendered.Writer
	w.StartHTML()
	if err := w.Root(t.Context(), pure(s.v.root.emit)); err != nil {
		t.Fatal(err)
	}
	done := map[int]bool{}
	for more := true; more; {
		more = false
		for _, cid := range slices.Clone(w.Seen()) {
			if !done[cid] {
				done[cid], more = true, true
				if err := w.Component(t.Context(), cid, pure(s.v.components[cid].emit)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	page, err := w.Page(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// TestClientMerges drives random pages through random changes. After each, what the client makes of the diffs is the page.
func TestClientMerges(t *testing.T) {
	o := startOracle(t)
	w := new(rendered.Writer)
	rapid.Check(t, func(t *rapid.T) { replay(t, o, w) })
}

func replay(t *rapid.T, o *oracle, w *rendered.Writer) {
	rowID := 0
	s := &session{w: w}
	s.k = maker{t: t, components: rapid.IntRange(0, 4).Draw(t, "components"), lowest: 1, rowID: &rowID}
	s.k.stream = s.k.components == 0 // what a stream inserted is gone when a component is merely shown again
	s.v.components = map[int]*mNode{}
	root := s.k.node(3, 0)
	s.v.root = &root
	var mirror rendered.Mirror
	compare := func(what string, content json.RawMessage) {
		got, failure := o.ask(what, content)
		if failure != "" {
			t.Fatalf("%s %s: the client says %s", what, content, failure)
		}
		if _, err := mirror.Apply(content); err != nil {
			t.Fatalf("%s %s: the mirror says %v", what, content, err)
		}
		want := s.v.html()
		if mirrored, err := mirror.HTML(); err != nil || mirrored != want {
			t.Fatalf("%s %s:\nmirror %s, %v\npage   %s", what, content, mirrored, err, want)
		}
		if got != want {
			t.Fatalf("%s %s:\nclient %s\npage   %s", what, content, got, want)
		}
		if fresh := s.html(t); fresh != want {
			t.Fatalf("page as HTML:\ngot  %s\nwant %s", fresh, want)
		}
	}
	first := s.render(t, true, nil)
	compare("join", first)
	for range rapid.IntRange(1, 6).Draw(t, "steps") {
		before := s.k.number(0, 9)
		if s.k.stream {
			before = s.k.number(0, 7)
		}
		again, shown := []int{}, map[int]bool{}
		s.shown(*s.v.root, shown)
		for cid := range s.k.components {
			if c := s.v.components[cid+1]; c != nil && shown[cid+1] && s.k.chance(40) {
				s.k.lowest = cid + 2
				if s.k.chance(10) {
					s.component(cid + 1)
				} else {
					s.v.components[cid+1] = &mNode{c.block, s.k.changeSlots(c.slots, 2)}
				}
				again = append(again, cid+1)
			}
		}
		s.k.lowest = 1
		if before == 0 {
			*s.v.root = s.k.node(3, 0)
		} else if before < 8 {
			s.v.root = &mNode{s.v.root.block, s.k.changeSlots(s.v.root.slots, 3)}
		}
		compare("diff", s.render(t, before < 8, again))
		mirror.Prune(s.destroy(o)...)
	}
}

// destroy lets the client give up components that are not shown, and perhaps changes its mind.
func (s *session) destroy(o *oracle) []int {
	shown := map[int]bool{}
	s.shown(*s.v.root, shown)
	hidden := slices.Sorted(maps.Keys(s.v.components))
	hidden = slices.DeleteFunc(hidden, func(cid int) bool { return shown[cid] })
	if len(hidden) == 0 || s.k.chance(50) {
		return nil
	}
	s.p.WillDestroy(hidden...)
	if s.k.chance(50) {
		s.destroyed = append(s.destroyed, hidden...) // marked: they are sent in full if they come back
		return nil
	}
	gone := s.p.Destroyed(hidden...)
	o.ask("prune", gone)
	for _, cid := range gone {
		delete(s.v.components, cid)
	}
	s.destroyed = slices.DeleteFunc(s.destroyed, func(cid int) bool { return slices.Contains(gone, cid) })
	return gone
}

func (s *session) shown(m model, seen map[int]bool) {
	switch m := m.(type) {
	case mCID:
		if !seen[int(m)] {
			seen[int(m)] = true
			s.shown(*s.v.components[int(m)], seen)
		}
	case mNode:
		for _, v := range m.slots {
			s.shown(v, seen)
		}
	case mList:
		for _, r := range m.rows {
			for _, v := range r.slots {
				s.shown(v, seen)
			}
		}
	}
}

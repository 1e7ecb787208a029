package presence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// told is what a listener of tests writes down.
type told struct {
	lines []string
	inits int
}

func words(s State[seat]) string {
	var ws []string
	for key, e := range s.All() {
		for _, m := range e.Metas {
			ws = append(ws, key+"/"+m.Value.Device)
		}
	}
	return strings.Join(ws, " ")
}

func (h *told) listener() *Listener {
	return OnMetas(
		func(context.Context) (int, error) { h.inits++; return 100 * h.inits, nil },
		func(_ context.Context, n int, c Change[seat]) (int, error) {
			h.lines = append(h.lines, fmt.Sprintf("%d %s: +[%s] -[%s] =[%s]", n, c.Topic, words(c.Joins), words(c.Leaves), words(c.Presences)))
			for key := range c.Joins.Keys() {
				switch key {
				case "panic":
					panic("told to")
				case "error":
					return n, errExit
				}
			}
			return n + 1, nil
		})
}

func (h *told) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	if !slices.Equal(h.lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(h.lines, "\n"), strings.Join(want, "\n"))
	}
	h.lines = nil
}

// What Phoenix's presence_test asks of the merging of metas, by name.
func TestHandleMetas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var h told
		n := alone(t, func(c *Config) { c.HandleMetas = h.listener() })
		h.want(t)
		if h.inits != 1 {
			t.Errorf("init was called %d times, want once", h.inits)
		}
		ada := n.track("lobby", "ada") // creates topic and metas
		h.want(t, "100 lobby: +[ada/a] -[] =[ada/a]")
		bob := n.track("lobby", "bob") // adds presences
		h.want(t, "101 lobby: +[bob/a] -[] =[ada/a bob/a]")
		second := newClient(t, n.sys, "lobby")
		if err := n.presence.Track(second, "ada", seat{"2"}); err != nil { // adds metas to an existing presence
			t.Fatal(err)
		}
		h.want(t, "102 lobby: +[ada/2] -[] =[ada/a ada/2 bob/a]")
		if err := n.presence.Update(bob, "bob", seat{"b"}); err != nil {
			t.Fatal(err)
		}
		h.want(t, "103 lobby: +[bob/b] -[bob/a] =[ada/a ada/2 bob/b]")
		ada.p.Exit(nil) // removes only the metas that left
		h.want(t, "104 lobby: +[] -[ada/a] =[ada/2 bob/b]")
		n.presence.Untrack(second, "ada") // removes a presence when its only meta left
		h.want(t, "105 lobby: +[] -[ada/2] =[bob/b]")
		n.presence.Untrack(bob, "bob") // removes the topic when it is empty
		h.want(t, "106 lobby: +[] -[bob/b] =[]")
	})
}

func TestHandleMetasWithoutInit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var got []int
		n := alone(t, func(c *Config) {
			c.HandleMetas = OnMetas(nil, func(_ context.Context, n int, c Change[seat]) (int, error) { got = append(got, n); return n + 1, nil })
		})
		n.track("lobby", "ada")
		n.track("hall", "ada")
		synctest.Wait()
		if !slices.Equal(got, []int{0, 1}) {
			t.Errorf("got states %v, want 0 and 1", got)
		}
	})
}

func TestHandleMetasGetsFields(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var db database
		var got []string
		n := alone(t, db.config, func(c *Config) {
			c.HandleMetas = OnMetas(nil, func(_ context.Context, s struct{}, c Change[seat]) (struct{}, error) {
				j, _ := c.Joins.Get("ada")
				p, _ := c.Presences.Get("ada")
				got = append(got, string(j.Fields), string(p.Fields))
				return s, nil
			})
		})
		n.track("lobby", "ada")
		synctest.Wait()
		if want := `{"user":{"name":"ADA"}}`; !slices.Equal(got, []string{want, want}) {
			t.Errorf("got %q", got)
		}
	})
}

func TestAListenerThatFailsStartsAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var h told
		n := alone(t, func(c *Config) { c.HandleMetas = h.listener() })
		n.watch("lobby")
		n.track("lobby", "ada")
		n.track("lobby", "panic")
		h.want(t, "100 lobby: +[ada/a] -[] =[ada/a]", "101 lobby: +[panic/a] -[] =[ada/a panic/a]")
		n.track("lobby", "error")
		h.want(t, "200 lobby: +[error/a] -[] =[ada/a error/a panic/a]")
		n.track("lobby", "bob")
		h.want(t, "300 lobby: +[bob/a] -[] =[ada/a bob/a error/a panic/a]")
		n.wantDiffs("lobby", "+ada", "+panic", "+error", "+bob") // nobody else noticed
		n.wantKeys("lobby", "ada bob error panic")
	})
}

func TestAListenerThatFailsAlwaysEndsThePresence(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var h told
		n := alone(t, func(c *Config) { c.HandleMetas = h.listener() })
		n.mayFail = true
		for i := range 4 {
			c := newClient(t, n.sys, fmt.Sprint(i))
			_ = n.presence.Track(c, "panic", seat{})
			synctest.Wait()
		}
		if err := n.stop(); err == nil || !strings.Contains(err.Error(), "presence") {
			t.Errorf("got %v, want the reason", err)
		}
	})
}

func TestAListenerThatLagsDoesNotHoldUpClients(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inits, calls := 0, 0
		n := alone(t, func(c *Config) {
			c.HandleMetas = OnMetas(
				func(context.Context) (struct{}, error) { inits++; return struct{}{}, nil },
				func(_ context.Context, s struct{}, _ Change[seat]) (struct{}, error) {
					calls++
					time.Sleep(time.Minute)
					return s, nil
				})
		})
		n.watch("lobby")
		for i := range 1_500 {
			n.track("lobby", fmt.Sprint(i))
		}
		if got := n.watched["lobby"].take(); len(got) != 1_500 {
			t.Errorf("clients got %d diffs, want 1,500", len(got))
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if inits != 2 {
			t.Errorf("init was called %d times, want twice: the mailbox was full once", inits)
		}
		n.track("lobby", "one more")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if calls != 2 {
			t.Errorf("got %d calls, want the first and the one after the new start", calls)
		}
	})
}

package cache_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/bennu-go/bennu/cache"
	"github.com/bennu-go/bennu/proc"
)

// The cache against a slow and simple picture of what it promises: entries with ages, and loads that see the truth when they begin.

const (
	modelTTL    = 10 * time.Second
	modelRenew  = 5 * time.Second
	modelError  = 20 * time.Second
	modelHeld   = 2 * time.Second
	modelAnswer = time.Second // how long a load takes
)

type modelEntry struct {
	value int
	err   error
	until time.Time // when it turns stale, or the error is forgotten
	retry time.Time
}

type modelLoad struct {
	value int
	err   error
	due   time.Time
}

type model struct {
	entries map[string]modelEntry
	open    map[string]*modelLoad
	truth   int
	down    bool
	begun   int
}

func (m *model) look(key string) (modelEntry, string) {
	e, ok := m.entries[key]
	now := time.Now()
	switch {
	case !ok:
		return e, "absent"
	case now.Before(e.until):
		return e, "fresh"
	case e.err != nil:
		return e, "absent"
	case now.Before(e.until.Add(modelError)) && now.Before(e.retry):
		return e, "serve"
	case now.Before(e.until.Add(modelRenew)):
		return e, "renew"
	case now.Before(e.until.Add(modelError)):
		return e, "error"
	}
	return e, "absent"
}

func (m *model) load(key string) *modelLoad {
	if l := m.open[key]; l != nil {
		return l
	}
	l := &modelLoad{value: m.truth, due: time.Now().Add(modelAnswer)}
	if m.down {
		l.value, l.err = 0, errDown
	}
	m.begun++
	m.open[key] = l
	return l
}

// settle ends the loads that are due by now.
func (m *model) settle() {
	for key, l := range m.open {
		if time.Now().Before(l.due) {
			continue
		}
		delete(m.open, key)
		e, how := m.look(key)
		switch {
		case l.err == nil:
			m.entries[key] = modelEntry{value: l.value, until: l.due.Add(modelTTL)}
		case how == "absent":
			m.entries[key] = modelEntry{err: l.err, until: l.due.Add(modelHeld)}
		default:
			e.retry = l.due.Add(modelHeld)
			m.entries[key] = e
		}
	}
}

// bubbled is a test without its deadline, which may not be asked for in a bubble.
type bubbled struct{ rapid.TB }

func TestModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubbled{t}, func(rt *rapid.T) {
			sys := proc.NewSystem(proc.Config{Logger: quiet})
			defer sys.Close()
			m := &model{entries: map[string]modelEntry{}, open: map[string]*modelLoad{}}
			began := 0
			c := cache.New(cache.Config[string, int]{
				System: sys, TTL: modelTTL, Jitter: -1, StaleWhileRevalidate: modelRenew, StaleIfError: modelError, NegativeTTL: modelHeld,
				Load: func(context.Context, string) (int, error) {
					v, down := m.truth, m.down
					began++
					time.Sleep(modelAnswer)
					if down {
						return 0, errDown
					}
					return v, nil
				},
			})
			// Steps are whole seconds and loads begin between them, so that no two things of the model happen at one instant.
			type expectation struct {
				key   string
				got   <-chan asked
				value func() (int, error)
			}
			var waiting []expectation
			keys := rapid.SampledFrom([]string{"a", "b"})
			for range rapid.IntRange(1, 40).Draw(rt, "steps") {
				key := keys.Draw(rt, "key")
				switch op := rapid.SampledFrom([]string{"ask", "ask", "get", "put", "delete", "clear", "change", "wait", "wait", "down"}).Draw(rt, "op"); op {
				case "ask":
					got := ask(bg, c, key)
					synctest.Wait()
					e, how := m.look(key)
					want := expectation{key: key, got: got, value: func() (int, error) { return e.value, e.err }}
					switch how {
					case "renew":
						m.load(key)
					case "absent", "error":
						l := m.load(key)
						want.value = func() (int, error) {
							if l.err != nil && how == "error" {
								return e.value, nil
							}
							return l.value, l.err
						}
					}
					waiting = append(waiting, want)
				case "get":
					e, how := m.look(key)
					v, ok := c.Get(key)
					if want := how == "fresh" && e.err == nil; ok != want || ok && v != e.value {
						rt.Fatalf("Get(%q): got %d, %t, model has %+v, %s", key, v, ok, e, how)
					}
				case "put":
					c.Put(key, -1)
					delete(m.open, key)
					m.entries[key] = modelEntry{value: -1, until: time.Now().Add(modelTTL)}
				case "delete":
					c.Delete(key)
					delete(m.open, key)
					delete(m.entries, key)
				case "clear":
					c.Clear()
					clear(m.open)
					clear(m.entries)
				case "change":
					m.truth++
				case "down":
					m.down = !m.down
				case "wait":
					time.Sleep(time.Duration(rapid.IntRange(1, 12).Draw(rt, "half seconds")) * time.Second / 2)
					synctest.Wait()
					m.settle()
				}
				if began != m.begun {
					rt.Fatalf("%d loads began, model has %d", began, m.begun)
				}
			}
			time.Sleep(modelAnswer)
			for _, w := range waiting {
				value, err := w.value()
				if a := <-w.got; a.value != value || a.err != err {
					rt.Fatalf("%q: got %d and %v, want %d and %v", w.key, a.value, a.err, value, err)
				}
			}
		})
	})
}

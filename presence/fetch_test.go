package presence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/telemetry"
	"github.com/google/go-cmp/cmp"
)

// database counts and answers fetches: user NAME is {"user":{"name":"NAME"}}.
type database struct {
	mu      sync.Mutex // guards the fields below
	queries []string   // "topic: key key"
	failed  []telemetry.FetchFailed
	before  func(ctx context.Context, topic string) error
}

func (d *database) fetch(ctx context.Context, topic string, presences map[string][]json.RawMessage) (map[string]any, error) {
	d.mu.Lock()
	d.queries = append(d.queries, topic+": "+strings.Join(slices.Sorted(maps.Keys(presences)), " "))
	before := d.before
	d.mu.Unlock()
	if before != nil {
		if err := before(ctx, topic); err != nil {
			return nil, err
		}
	}
	users := make(map[string]any)
	for key := range presences {
		users[key] = map[string]any{"user": map[string]string{"name": strings.ToUpper(key)}}
	}
	return users, nil
}

func (d *database) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.queries
	d.queries = nil
	return q
}

func (d *database) want(t *testing.T, want ...string) {
	t.Helper()
	if got := d.take(); !slices.Equal(got, want) {
		t.Errorf("got the queries %q, want %q", got, want)
	}
}

func (d *database) config(c *Config) {
	c.Fetch = d.fetch
	c.FetchTimeout = time.Second
	telemetry.Attach(c.Telemetry, func(_ context.Context, e telemetry.FetchFailed) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.failed = append(d.failed, e)
	})
}

func TestFetchAddsFields(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var db database
		n := alone(t, db.config)
		var all payloads
		var refs []string
		n.ps.Join("lobby", &all)
		ada := n.track("lobby", "ada")
		synctest.Wait()
		db.want(t, "lobby: ada")
		all.want(t, &refs, `{"joins":{"ada":{"metas":[{"device":"a","phx_ref":"r1"}],"user":{"name":"ADA"}}},"leaves":{}}`)
		if got, want := normal(&refs, n.presence.List("lobby").JSON()), `{"ada":{"metas":[{"device":"a","phx_ref":"r1"}],"user":{"name":"ADA"}}}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		e, _ := n.presence.GetByKey("lobby", "ada")
		b, err := json.Marshal(e)
		if got, want := normal(&refs, b), `{"metas":[{"device":"a","phx_ref":"r1"}],"user":{"name":"ADA"}}`; err != nil || got != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
		if string(e.Fields) != `{"user":{"name":"ADA"}}` {
			t.Errorf("got fields %s", e.Fields)
		}
		db.want(t) // nothing is asked twice

		if err := n.presence.Update(ada, "ada", seat{"b"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		db.want(t, "lobby: ada") // an update may have to do with the user
		all.want(t, &refs, `{"joins":{"ada":{"metas":[{"device":"b","phx_ref":"r2","phx_ref_prev":"r1"}],"user":{"name":"ADA"}}},"leaves":{"ada":{"metas":[{"device":"a","phx_ref":"r1"}],"user":{"name":"ADA"}}}}`)

		n.presence.Untrack(ada, "ada")
		synctest.Wait()
		db.want(t) // a leave costs no query
		all.want(t, &refs, `{"joins":{},"leaves":{"ada":{"metas":[{"device":"b","phx_ref":"r2","phx_ref_prev":"r1"}],"user":{"name":"ADA"}}}}`)

		n.track("lobby", "ada")
		synctest.Wait()
		db.want(t, "lobby: ada") // what was known of her went with her
	})
}

func TestFetchOfAListing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var db database
		n := alone(t, db.config, func(c *Config) { c.Window = 0 })
		var all payloads
		n.ps.Join("lobby", &all)
		n.track("lobby", "ada")
		synctest.Wait()
		db.want(t, "lobby: ada")
		n.track("lobby", "bob")
		n.track("lobby", "carl") // both wait for the window
		for _, key := range []string{"ada", "bob", "carl"} {
			if e, _ := n.presence.List("lobby").Get(key); !strings.Contains(string(e.Fields), strings.ToUpper(key)) {
				t.Errorf("the listing has %q with the fields %s", key, e.Fields)
			}
		}
		db.want(t, "lobby: bob carl") // those that nobody has asked for yet, once
		time.Sleep(time.Second)
		db.want(t) // nor does the diff ask again
		var refs []string
		diffs := all.take()
		if got := normal(&refs, diffs[len(diffs)-1]); len(diffs) != 2 || !strings.Contains(got, `"user":{"name":"BOB"}`) || !strings.Contains(got, `"user":{"name":"CARL"}`) {
			t.Errorf("got %d diffs, the last %s", len(diffs), got)
		}
	})
}

func TestFetchFailuresHarmOnlyThemselves(t *testing.T) {
	errDown := errors.New("the database is down")
	for _, tc := range []struct {
		name string
		fail func(ctx context.Context) error
		took time.Duration
		err  string
	}{
		{"an error", func(context.Context) error { return errDown }, 0, errDown.Error()},
		{"a panic", func(context.Context) error { panic("in the query") }, 0, "in the query"},
		{"too slow, and stops when told", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, time.Second, "no result within 1s"},
		{"too slow, and does not listen", func(context.Context) error { time.Sleep(3 * time.Second); return nil }, time.Second, "no result within 1s"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				db := database{before: func(ctx context.Context, topic string) error {
					if topic == "lobby" {
						return tc.fail(ctx)
					}
					return nil
				}}
				n := alone(t, db.config)
				var lobby, hall payloads
				n.ps.Join("lobby", &lobby)
				n.ps.Join("hall", &hall)
				var refs []string
				ada := n.track("lobby", "ada")
				n.track("hall", "bob")
				synctest.Wait()
				hall.want(t, &refs, `{"joins":{"bob":{"metas":[{"device":"a","phx_ref":"r1"}],"user":{"name":"BOB"}}},"leaves":{}}`) // does not wait
				time.Sleep(tc.took)
				synctest.Wait()
				lobby.want(t, &refs, `{"joins":{"ada":{"metas":[{"device":"a","phx_ref":"r2"}]}},"leaves":{}}`)
				db.mu.Lock()
				if len(db.failed) != 1 {
					t.Fatalf("got %d FetchFailed, want 1", len(db.failed))
				}
				f := db.failed[0]
				if f.Presence != "online" || f.Topic != "lobby" || f.Keys != 1 || f.Duration != tc.took || !strings.Contains(f.Err.Error(), tc.err) {
					t.Errorf("got %+v, want the error %s", f, tc.err)
				}
				db.before = nil // up again
				db.mu.Unlock()
				if !ada.p.Alive() {
					t.Error("a failed fetch has ended the tracked process")
				}
				if err := n.presence.Update(ada, "ada", seat{"b"}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				lobby.want(t, &refs, `{"joins":{"ada":{"metas":[{"device":"b","phx_ref":"r3","phx_ref_prev":"r2"}],"user":{"name":"ADA"}}},"leaves":{"ada":{"metas":[{"device":"a","phx_ref":"r2"}],"user":{"name":"ADA"}}}}`)
			})
		})
	}
}

func TestFetchIsTriedAgainForListingsAfterAWhile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		db := database{before: func(context.Context, string) error { return errExit }}
		n := alone(t, db.config)
		n.track("lobby", "ada")
		synctest.Wait()
		db.want(t, "lobby: ada")
		held := n.presence.List("lobby") // so that it may be served again
		n.presence.GetByKey("lobby", "ada")
		db.want(t) // a database that is down is not asked by everybody
		db.before = nil
		time.Sleep(1100 * time.Millisecond)
		if e, _ := n.presence.List("lobby").Get("ada"); string(e.Fields) != `{"user":{"name":"ADA"}}` {
			t.Errorf("listed as %+v", e)
		}
		if e, _ := held.Get("ada"); e.Fields != nil {
			t.Errorf("a listing has changed after it was made: %+v", e)
		}
		if e, _ := n.presence.GetByKey("lobby", "ada"); string(e.Fields) != `{"user":{"name":"ADA"}}` {
			t.Errorf("got %+v", e)
		}
		db.want(t, "lobby: ada")
	})
}

func TestDiffsOfATopicKeepTheirOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		db := database{}
		calls := 0
		db.before = func(context.Context, string) error { // each is faster than the one before
			calls++
			time.Sleep(time.Duration(500/calls) * time.Millisecond)
			return nil
		}
		n := alone(t, db.config)
		w := n.watch("lobby")
		for i := range 5 {
			n.track("lobby", fmt.Sprint(i))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		if got, want := strings.Join(w.take(), " "), "+0 +1 +2 +3 +4"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		n.wantSynced("lobby")
	})
}

func TestFetchesOfTopicsRunBesideEachOtherUpToALimit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		running, most := 0, 0
		var db database
		db.before = func(context.Context, string) error {
			db.mu.Lock()
			running++
			most = max(most, running)
			db.mu.Unlock()
			time.Sleep(100 * time.Millisecond)
			db.mu.Lock()
			running--
			db.mu.Unlock()
			return nil
		}
		n := alone(t, db.config, func(c *Config) { c.FetchConcurrency = 3 })
		const topics = 30
		for i := range topics {
			n.watch(fmt.Sprint(i))
			n.track(fmt.Sprint(i), "ada")
		}
		for i := range topics {
			n.track(fmt.Sprint(i), "bob") // waits with the first, or for it
		}
		begin := time.Now()
		for range 100 {
			time.Sleep(50 * time.Millisecond)
			synctest.Wait()
		}
		if most != 3 {
			t.Errorf("%d fetches ran at once, want 3", most)
		}
		if got := len(db.take()); got < topics || got > 2*topics {
			t.Errorf("got %d fetches in %v", got, time.Since(begin))
		}
		for i := range topics {
			n.wantSynced(fmt.Sprint(i))
			n.wantKeys(fmt.Sprint(i), "ada bob")
		}
	})
}

func TestFetchResults(t *testing.T) {
	asked := map[string][]json.RawMessage{"a": nil, "b": nil}
	type user struct {
		Name  string   `json:"name"`
		Metas []string `json:"metas"`
	}
	for _, tc := range []struct {
		name  string
		added map[string]any
		want  map[string]string // nil: an error
	}{
		{"nil", nil, map[string]string{}},
		{"maps and structs", map[string]any{"a": map[string]int{"n": 1}, "b": struct {
			L []int `json:"l"`
		}{}}, map[string]string{"a": `"n":1`, "b": `"l":[]`}},
		{"keys that nobody asked for", map[string]any{"c": map[string]int{"n": 1}}, map[string]string{}},
		{"nothing for a key", map[string]any{"a": nil, "b": map[string]any{}}, map[string]string{"b": ""}},
		{"metas are not its to set", map[string]any{"a": user{Name: "x"}}, map[string]string{"a": `"name":"x"`}},
		{"metas in disguise", map[string]any{"a": json.RawMessage(`{"m\u0065tas":1,"n":2}`)}, map[string]string{"a": `"n":2`}},
		{"no object", map[string]any{"a": "x"}, nil},
		{"no JSON", map[string]any{"a": json.RawMessage(`{"x":}`)}, nil},
		{"not encodable", map[string]any{"a": func() {}}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := encodeFields(tc.added, asked)
			if diff := cmp.Diff(tc.want, got); diff != "" || (err != nil) != (tc.want == nil) {
				t.Errorf("got error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestFetchedFieldsGoWithTheirKeys(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var db database
		n := alone(t, db.config, func(c *Config) { c.Window = 0 })
		n.track("lobby", "stays")
		for i := range 500 {
			c := n.track("lobby", fmt.Sprint("visitor ", i))
			if i%2 == 0 {
				n.presence.List("lobby")
			}
			if i%10 == 0 {
				time.Sleep(time.Second)
			}
			c.p.Exit(nil)
		}
		time.Sleep(time.Second)
		n.track("lobby", "last")
		time.Sleep(time.Second)
		s := n.presence.life.Load().shards[0]
		s.mu.Lock()
		defer s.mu.Unlock()
		if got := len(s.topics["lobby"].fields); got > 2*2+indexFrom {
			t.Errorf("fields of %d keys are kept for 2 that are present", got)
		}
	})
}

// Fields of those who came back and went again unseen, while the diff of their leaving waited, are swept up.
func TestFieldsThatNoDiffTakesAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var db database
		n := alone(t, db.config, func(c *Config) { c.Window = 100 * time.Millisecond })
		var crowd []*client
		for i := range 100 {
			crowd = append(crowd, n.track("lobby", fmt.Sprint("visitor ", i)))
		}
		time.Sleep(time.Second)
		db.mu.Lock()
		db.before = func(context.Context, string) error { time.Sleep(50 * time.Millisecond); return nil }
		db.mu.Unlock()
		for i, c := range crowd {
			n.presence.Untrack(c, fmt.Sprint("visitor ", i))
		}
		n.track("lobby", "slow")
		time.Sleep(120 * time.Millisecond) // the diff of the leaves waits for the one who came
		for i, c := range crowd {
			if err := n.presence.Track(c, fmt.Sprint("visitor ", i), seat{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(50 * time.Millisecond) // it is out, the joins wait for their window
		for i, c := range crowd {
			n.presence.Untrack(c, fmt.Sprint("visitor ", i))
		}
		time.Sleep(time.Second)
		n.track("lobby", "last")
		time.Sleep(time.Second)
		s := n.presence.life.Load().shards[0]
		s.mu.Lock()
		defer s.mu.Unlock()
		if got := len(s.topics["lobby"].fields); got > 2*2+indexFrom {
			t.Errorf("fields of %d keys are kept for 2 that are present", got)
		}
	})
}

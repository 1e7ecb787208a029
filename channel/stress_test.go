package channel_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/channeltest"
)

// wireMessage is a message of a server to a client with vsn 2.0.0.
type wireMessage struct{ joinRef, ref, topic, event, status, reason, id string }

func readWire(t *testing.T, raw string) (m wireMessage) {
	var payload json.RawMessage
	if err := json.Unmarshal([]byte(raw), &[]any{&m.joinRef, &m.ref, &m.topic, &m.event, &payload}); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	switch m.event {
	case "phx_reply":
		var response json.RawMessage
		json.Unmarshal(payload, &struct {
			Status   *string
			Response *json.RawMessage
		}{&m.status, &response})
		json.Unmarshal(response, &struct{ Reason *string }{&m.reason})
	case "shout", "secret":
		json.Unmarshal(payload, &struct{ ID *string }{&m.id})
	}
	return m
}

// TestStress has clients join, leave, join again, talk, crash and stop at once, and then looks at what each of them got.
func TestStress(t *testing.T) {
	const clients, actions = 12, 400
	synctest.Test(t, func(t *testing.T) {
		n := &notes{}
		app := channeltest.StartWith(t, testSocket("", n), channeltest.Config{Logger: slog.New(slog.DiscardHandler)})
		all := make([]*actor, clients)
		var wg sync.WaitGroup
		for i := range all {
			all[i] = &actor{c: app.Connect(map[string]any{"id": strconv.Itoa(i)}), r: rand.New(rand.NewPCG(7, uint64(i))), name: i, asked: map[string]string{}}
			wg.Go(func() {
				for range actions {
					all[i].act(app)
				}
				all[i].leaveAll()
			})
		}
		wg.Wait()
		time.Sleep(time.Minute) // what sleeps wakes up
		synctest.Wait()
		if n := app.System().Count(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		for _, a := range all {
			a.check(t)
		}
	})
}

// actor is a client that does things at random.
type actor struct {
	c     *channeltest.Client
	r     *rand.Rand
	name  int
	ref   int
	asked map[string]string // what was sent, by ref
	joins map[string]string // last join_ref by topic
}

func (a *actor) act(app *channeltest.App) {
	topic := "room:" + string(rune('a'+a.r.IntN(3)))
	switch a.r.IntN(20) {
	case 0, 1, 2:
		a.join(topic, "")
	case 3:
		a.join(topic, `"Say":"push"`)
	case 4:
		a.join(topic, `"Say":"no"`)
	case 5:
		a.join(topic, `"Slow":2`)
	case 6:
		a.join(topic, `"Say":"push at once"`)
	case 7:
		a.send(topic, "phx_leave", "{}")
	case 8:
		a.send(topic, "crash", "{}")
	case 9:
		a.send(topic, "stop", "{}")
	case 10:
		a.send(topic, "everything", "{}")
	case 11, 12, 13:
		a.send(topic, "shout", fmt.Sprintf(`{"ID":"%d-%d"}`, a.name, a.ref))
	case 14:
		a.send(topic, "others", fmt.Sprintf(`{"ID":"%d-%d"}`, a.name, a.ref))
	case 15:
		a.ref++
		channel.Broadcast(app.PubSub(), topic, "secret", map[string]string{"ID": fmt.Sprintf("s%d-%d", a.name, a.ref)})
	case 16:
		a.send(topic, "deaf", "1")
	case 17:
		time.Sleep(time.Duration(a.r.IntN(2000)) * time.Microsecond)
	default:
		a.send(topic, "echo", "{}")
	}
}

func (a *actor) join(topic, params string) {
	a.ref++
	ref := strconv.Itoa(a.ref)
	if a.joins == nil {
		a.joins = map[string]string{}
	}
	a.joins[topic] = ref
	a.asked[ref] = "phx_join"
	a.c.Send(fmt.Sprintf(`["%s","%s","%s","phx_join",{%s}]`, ref, ref, topic, params))
}

func (a *actor) send(topic, event, payload string) {
	a.ref++
	ref := strconv.Itoa(a.ref)
	a.asked[ref] = event
	a.c.Send(fmt.Sprintf(`["%s","%s","%s","%s",%s]`, a.joins[topic], ref, topic, event, payload))
}

func (a *actor) leaveAll() {
	for topic := range a.joins {
		a.send(topic, "phx_leave", "{}")
	}
}

// check holds what the client got against what it was promised.
func (a *actor) check(t *testing.T) {
	const (
		unknown = iota
		refused
		member
		ended
		crashed
	)
	state := map[string]int{}   // by join_ref
	members := map[string]int{} // by topic
	replies := map[string]int{}
	seen := map[string]bool{} // topic and id of a broadcast
	for i, raw := range a.c.Raw() {
		m := readWire(t, raw)
		complain := func(format string, args ...any) {
			t.Errorf("client %d, message %d, %s: %s", a.name, i, raw, fmt.Sprintf(format, args...))
		}
		switch m.event {
		case "phx_reply":
			if replies[m.ref]++; replies[m.ref] > 1 {
				complain("a second reply")
			}
			switch {
			case a.asked[m.ref] == "phx_join" && m.status == "ok":
				state[m.ref] = member
				members[m.topic]++
			case a.asked[m.ref] == "phx_join":
				state[m.ref] = refused
			case m.joinRef != "" && a.asked[m.ref] != "phx_leave" && m.reason != "overloaded" && state[m.joinRef] != member:
				complain("a reply of a channel that is %d", state[m.joinRef])
			}
		case "phx_close", "phx_error":
			if state[m.joinRef] != member {
				complain("the end of a channel that is %d", state[m.joinRef])
			}
			members[m.topic]--
			state[m.joinRef] = ended
			if m.event == "phx_error" {
				state[m.joinRef] = crashed
			}
		default:
			switch s := state[m.joinRef]; {
			case m.joinRef == "" && members[m.topic] == 0:
				complain("a broadcast to who is no member")
			case m.joinRef == "":
			case m.event == "bye" && (s == ended || s == member): // from Terminate
			case s != member:
				complain("a push of a channel that is %d", s)
			}
			if m.event == "shout" || m.event == "secret" {
				if seen[m.topic+m.id] {
					complain("a broadcast comes twice")
				}
				seen[m.topic+m.id] = true
			}
		}
	}
	for ref, event := range a.asked {
		if event == "phx_join" && replies[ref] != 1 {
			t.Errorf("client %d: join %s got %d replies", a.name, ref, replies[ref])
		}
	}
	for joinRef, s := range state {
		if s == member {
			t.Errorf("client %d: channel %s was joined and never ended", a.name, joinRef)
		}
	}
}

// TestOrderUnderLoad has the client's shard busy with other topics all the time.
func TestOrderUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.Start(t, testSocket("", &notes{}))
		var noise sync.WaitGroup
		for i := range 4 {
			app.Connect(nil).Join("room:noise", nil)
			noise.Go(func() {
				for range 3000 {
					channel.Broadcast(app.PubSub(), "room:noise", "noise", map[string]int{"from": i})
				}
			})
		}
		c := app.Connect(nil)
		const rounds = 100
		ref := 0
		next := func() string { ref++; return strconv.Itoa(ref) }
		var want []string
		for range rounds {
			j := next()
			c.Send(fmt.Sprintf(`["%s","%s","room:a","phx_join",{"Say":"push"}]`, j, j))
			for range 3 {
				c.Send(fmt.Sprintf(`["%s","%s","room:a","everything",{}]`, j, next()))
				c.Send(fmt.Sprintf(`["%s","%s","room:a","context",{}]`, j, next()))
				c.Send(fmt.Sprintf(`["%s","%s","room:a","whisper",{}]`, j, next())) // one callback broadcasts, the next pushes
				c.Send(fmt.Sprintf(`["%s","%s","room:a","push",{}]`, j, next()))
			}
			c.Send(fmt.Sprintf(`["%s","%s","room:a","phx_leave",{}]`, j, next()))
			time.Sleep(time.Millisecond)
			want = append(want, "phx_reply", "hello", "here", "last")
			for range 3 {
				want = append(want, "1", "2", "3", "4", "5", "phx_reply", "saved", "phx_reply", "whisper", "pushed")
			}
			want = append(want, "phx_reply", "phx_close", "bye")
		}
		noise.Wait()
		var got []string
		for _, raw := range c.Raw() {
			got = append(got, readWire(t, raw).event)
		}
		if !slices.Equal(got, want) {
			i := 0
			for i < len(got) && i < len(want) && got[i] == want[i] {
				i++
			}
			t.Errorf("got %d messages, want %d; from the %dth on they are %q, want %q", len(got), len(want), i, got[i:min(i+20, len(got))], want[i:min(i+20, len(want))])
		}
	})
}

// TestNothingAfterTheEnd has a client join and leave a topic on which others talk all the time.
func TestNothingAfterTheEnd(t *testing.T) {
	const crowd, rounds = 100, 300
	synctest.Test(t, func(t *testing.T) {
		app := channeltest.StartWith(t, testSocket("", &notes{}), channeltest.Config{Logger: slog.New(slog.DiscardHandler)})
		for range crowd {
			app.Connect(nil).Join("room:a", nil)
		}
		var talk sync.WaitGroup
		quiet := make(chan struct{})
		for range 2 {
			talk.Go(func() {
				for range rounds {
					select {
					case <-quiet:
						return
					default:
						channel.Broadcast(app.PubSub(), "room:a", "noise", nil)
					}
				}
			})
		}
		c := app.Connect(nil)
		for i := range rounds {
			c.Send(fmt.Sprintf(`["j%d","j%d","room:a","phx_join",{}]`, i, i))
			for len(c.Channels()) > 0 {
				c.Send(fmt.Sprintf(`["j%d","e%d","room:a","%s",{}]`, i, i, []string{"phx_leave", "stop", "crash"}[i%3]))
				runtime.Gosched()
			}
		}
		close(quiet)
		talk.Wait()
		member, joins := false, 0
		for i, raw := range c.Raw() {
			switch m := readWire(t, raw); {
			case m.event == "phx_reply" && strings.HasPrefix(m.ref, "j") && m.status == "ok":
				member = true
				joins++
			case m.event == "phx_close", m.event == "phx_error":
				member = false
			case m.event == "noise" && !member:
				t.Errorf("message %d, %s: the client is no member", i, raw)
			}
		}
		if joins < rounds/10 {
			t.Errorf("only %d of %d joins were let in", joins, rounds)
		}
	})
}

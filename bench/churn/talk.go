package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
	"github.com/bennu-go/bennu/bench/internal/wsconn"
)

// The states of a channel at the client.
const (
	joining = iota
	joined
	crashing
	leaving
)

// room is a channel at the client.
type room struct {
	topic    string // as a JSON string
	presence bool
	state    int
	since    time.Time // when it began to leave or to crash
	joinRef  int
	replaced int // joinRef of an earlier join of the same topic, whose phx_close is due
}

// ask is a message that something must come back for.
type ask struct {
	what   string // for the count
	topic  string
	at     time.Time
	answer string // status that is wanted
}

// talk is what a client says and expects, on whatever transport.
type talk struct {
	crowd *crowd
	id    int
	rng   *rand.Rand
	ref   int
	rooms []*room
	asks  map[int]ask
}

func newTalk(c *crowd, id int, rng *rand.Rand) talk {
	return talk{crowd: c, id: id, rng: rng, asks: map[int]ask{}}
}

func (t *talk) message(joinRef int, topic, event, payload string) string {
	t.ref++
	join := "null"
	if joinRef > 0 {
		join = `"` + strconv.Itoa(joinRef) + `"`
	}
	return "[" + join + `,"` + strconv.Itoa(t.ref) + `",` + topic + "," + event + "," + payload + "]"
}

func (t *talk) expect(what, topic, status string) {
	t.asks[t.ref] = ask{what, topic, time.Now(), status}
}

func (t *talk) heartbeat() []string {
	m := t.message(0, phx.Phoenix, phx.Heartbeat, "{}")
	t.expect("heartbeat", phx.Phoenix, "ok")
	return []string{m}
}

// start joins one to three topics.
func (t *talk) start() (messages []string) {
	for range 1 + t.rng.IntN(3) {
		messages = append(messages, t.another()...)
	}
	return messages
}

// another joins a topic that is not joined: one of some ten clients, one's own, or one with presence.
func (t *talk) another() []string {
	r := &room{}
	switch t.rng.IntN(5) {
	case 0, 1:
		r.topic = strconv.Quote("room:shared-" + strconv.Itoa(t.rng.IntN(max(t.crowd.n/10, 1))))
	case 2, 3:
		r.topic = strconv.Quote("room:own-" + strconv.Itoa(t.id) + "-" + strconv.Itoa(t.rng.IntN(3)))
	case 4:
		r.topic, r.presence = strconv.Quote("presence:"+strconv.Itoa(t.rng.IntN(t.crowd.presences()))), true
	}
	if t.find(r.topic) != nil {
		return nil
	}
	t.rooms = append(t.rooms, r)
	return t.join(r)
}

// presences is how many topics with presence there are.
func (m manners) presences() int { return max(m.n/20, 1) }

func (t *talk) join(r *room) []string {
	r.state, r.joinRef = joining, t.ref+1
	payload := "{}"
	if r.presence {
		payload = `{"user":"u` + strconv.Itoa(t.id) + `"}`
	}
	m := t.message(r.joinRef, r.topic, phx.Join, payload)
	t.expect("join", r.topic, "ok")
	return []string{m}
}

func (t *talk) find(topic string) *room {
	if i := slices.IndexFunc(t.rooms, func(r *room) bool { return r.topic == topic }); i >= 0 {
		return t.rooms[i]
	}
	return nil
}

// forget drops what was expected of a topic.
func (t *talk) forget(topic string) {
	for ref, a := range t.asks {
		if a.topic == topic {
			delete(t.asks, ref)
		}
	}
}

// remove takes out a channel that has closed.
func (t *talk) remove(r *room) {
	t.forget(r.topic)
	t.rooms = slices.DeleteFunc(t.rooms, func(other *room) bool { return other == r })
}

// action is one thing that a client does, or nothing if it does not apply now.
func (t *talk) action() []string {
	what := t.rng.IntN(100)
	switch {
	case what < 2: // a channel whose every join panics
		topic := strconv.Quote("crash:" + strconv.Itoa(t.id))
		m := t.message(t.ref+1, topic, phx.Join, "{}")
		t.expect("crash-join", topic, "join crashed")
		return []string{m}
	case what < 4:
		topic := strconv.Quote("nowhere:" + strconv.Itoa(t.id))
		m := t.message(t.ref+1, topic, phx.Join, "{}")
		t.expect("unmatched", topic, "unmatched topic")
		return []string{m}
	case what < 12 && len(t.rooms) < 3, len(t.rooms) == 0:
		return t.another()
	}
	r := t.rooms[t.rng.IntN(len(t.rooms))]
	switch {
	case r.state != joined:
		return nil
	case what < 18:
		r.state, r.since = leaving, time.Now()
		m := t.message(r.joinRef, r.topic, phx.Leave, "{}")
		t.forget(r.topic)
		t.expect("leave", r.topic, "ok")
		return []string{m}
	case r.presence:
		return nil
	case what < 21: // joins what it has joined: the earlier channel closes
		t.forget(r.topic)
		t.crowd.count("joins again while joined")
		r.replaced = r.joinRef
		return t.join(r)
	case what < 25:
		r.state, r.since = crashing, time.Now()
		t.forget(r.topic)
		t.crowd.count("crashes asked for")
		return []string{t.message(r.joinRef, r.topic, `"crash"`, "{}")}
	case what < 40:
		m := t.message(r.joinRef, r.topic, phx.Shout, t.body(r))
		t.expect("shout", r.topic, "delivered")
		return []string{m}
	}
	m := t.message(r.joinRef, r.topic, phx.Echo, t.body(r))
	t.expect("echo", r.topic, "ok")
	return []string{m}
}

// body is a payload that tells whose it is.
type body struct {
	Client int    `json:"c"`
	Ref    int    `json:"r"`
	Topic  string `json:"t"`
	Pad    string `json:"pad"`
}

const pad = "................................................................"

// body is that of the next message.
func (t *talk) body(r *room) string {
	return fmt.Sprintf(`{"c":%d,"r":%d,"t":%s,"pad":"%s"}`, t.id, t.ref+1, r.topic, pad)
}

// overdue counts what has not been answered.
func (t *talk) overdue(now time.Time) {
	for ref, a := range t.asks {
		if now.Sub(a.at) > answerWithin {
			t.crowd.fault("no answer: " + a.what)
			delete(t.asks, ref)
		}
	}
	for _, r := range t.rooms {
		if (r.state == leaving || r.state == crashing) && now.Sub(r.since) > answerWithin {
			t.crowd.fault("no end of a channel that was left or crashed")
			r.since = now
		}
	}
}

// receive handles a message, and returns what to say to it.
func (t *talk) receive(text []byte) []string {
	m, err := phx.Parse(text)
	if err != nil {
		t.crowd.fault("not a message")
		return nil
	}
	topic, joinRef := string(m.Topic), wsconn.RefOf(m.JoinRef)
	r := t.find(topic)
	switch string(m.Event) {
	case `"phx_reply"`:
		t.reply(r, topic, wsconn.RefOf(m.Ref), m.Payload)
	case `"phx_error"`:
		switch {
		case r == nil || joinRef != r.joinRef: // of a channel that has been left or joined anew
		case r.state == crashing:
			t.crowd.count("crashes seen")
			t.forget(r.topic)
			return t.join(r)
		case r.state != leaving:
			t.crowd.fault("channel ended by an error")
			t.remove(r)
		}
	case `"phx_close"`:
		switch {
		case r != nil && joinRef == r.replaced:
			r.replaced = 0
		case r != nil && joinRef == r.joinRef && r.state == leaving:
			t.remove(r)
		case r != nil && joinRef == r.joinRef:
			t.crowd.fault("channel closed")
			t.remove(r)
		}
	case phx.Shout:
		t.shouted(topic, r, m.Payload)
	case `"presence_state"`, `"presence_diff"`:
		t.crowd.count("presence messages")
		if r == nil && joinRef != 0 {
			t.crowd.fault("presence of another's topic")
		}
	default:
		t.crowd.fault("unknown event")
	}
	return nil
}

// reply handles an answer.
func (t *talk) reply(r *room, topic string, ref int, payload []byte) {
	a, ok := t.asks[ref]
	if !ok {
		return // to what does not matter any more
	}
	if a.topic != topic {
		t.crowd.fault("answer of another topic")
		return
	}
	status := wsconn.StatusOf(payload)
	if status != a.answer {
		t.crowd.fault(a.what + ": " + status)
	}
	delete(t.asks, ref)
	t.crowd.count(a.what + " answered")
	switch a.what {
	case "join":
		if r != nil && ref == r.joinRef && r.state == joining {
			if r.state = joined; status != "ok" {
				t.remove(r)
			}
		}
	case "echo":
		var p struct {
			Response body `json:"response"`
		}
		if err := json.Unmarshal(payload, &p); err != nil || p.Response.Client != t.id || p.Response.Ref != ref {
			t.crowd.fault("echo of something else")
		}
	}
}

// shouted handles a broadcast.
func (t *talk) shouted(topic string, r *room, payload []byte) {
	var b body
	t.crowd.count("broadcasts received")
	if err := json.Unmarshal(payload, &b); err != nil || strconv.Quote(b.Topic) != topic {
		t.crowd.fault("broadcast of another topic")
		return
	}
	if b.Client != t.id {
		return
	}
	if a, ok := t.asks[b.Ref]; ok && a.what == "shout" && a.topic == topic {
		delete(t.asks, b.Ref)
	}
}

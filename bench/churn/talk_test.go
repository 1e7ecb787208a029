package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/bench/internal/phx"
)

// speaker is a talk with one joined room, whose ref is 1.
func speaker() *talk {
	c := newCrowd(manners{n: 100}, nil, nil)
	t := newTalk(c, 7, rand.New(rand.NewPCG(1, 1)))
	r := &room{topic: `"room:a"`}
	t.rooms = append(t.rooms, r)
	t.join(r)
	t.receive([]byte(`["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`))
	return &t
}

func TestTalkFindsFaults(t *testing.T) {
	for _, tt := range []struct {
		name  string
		state int
		hear  string
		want  string // fault; empty: none
	}{
		{"echo", joined, `["1","2","room:a","phx_reply",{"status":"ok","response":{"c":7,"r":2,"t":"room:a"}}]`, ""},
		{"another's echo", joined, `["1","2","room:a","phx_reply",{"status":"ok","response":{"c":8,"r":2,"t":"room:a"}}]`, "echo of something else"},
		{"an earlier echo", joined, `["1","2","room:a","phx_reply",{"status":"ok","response":{"c":7,"r":1,"t":"room:a"}}]`, "echo of something else"},
		{"a refusal", joined, `["1","2","room:a","phx_reply",{"status":"error","response":{"reason":"overloaded","c":7,"r":2}}]`, "echo: overloaded"},
		{"an answer of another topic", joined, `["1","2","room:b","phx_reply",{"status":"ok","response":{}}]`, "answer of another topic"},
		{"an answer to nothing", joined, `["1","99","room:a","phx_reply",{"status":"ok","response":{}}]`, ""},
		{"a broadcast", joined, `[null,null,"room:a","shout",{"c":9,"r":4,"t":"room:a"}]`, ""},
		{"another's broadcast", joined, `[null,null,"room:a","shout",{"c":9,"r":4,"t":"room:b"}]`, "broadcast of another topic"},
		{"a crash that nobody asked for", joined, `["1","1","room:a","phx_error",{}]`, "channel ended by an error"},
		{"one that was asked for", crashing, `["1","1","room:a","phx_error",{}]`, ""},
		{"one of an earlier join", joined, `["9","9","room:a","phx_error",{}]`, ""},
		{"an end that nobody asked for", joined, `["1","1","room:a","phx_close",{}]`, "channel closed"},
		{"one that was asked for", leaving, `["1","1","room:a","phx_close",{}]`, ""},
		{"presence of another", joined, `["5",null,"presence:3","presence_state",{}]`, "presence of another's topic"},
		{"an event of nobody", joined, `[null,null,"room:a","what",{}]`, "unknown event"},
		{"no message", joined, `{}`, "not a message"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := speaker()
			s.rooms[0].state = tt.state
			s.message(1, `"room:a"`, phx.Echo, s.body(s.rooms[0]))
			s.expect("echo", `"room:a"`, "ok")
			s.receive([]byte(tt.hear))
			var faults []string
			for what := range s.crowd.faults() {
				faults = append(faults, strings.TrimPrefix(what, fault))
			}
			if got := strings.Join(faults, ", "); got != tt.want {
				t.Errorf("got faults %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTalkJoinsAgainAfterACrash(t *testing.T) {
	s := speaker()
	s.rooms[0].state = crashing
	said := s.receive([]byte(`["1","1","room:a","phx_error",{}]`))
	if want := `["2","2","room:a","phx_join",{}]`; len(said) != 1 || said[0] != want {
		t.Errorf("got %q, want %s", said, want)
	}
	if len(s.receive([]byte(`["1","1","room:a","phx_error",{}]`))) != 0 {
		t.Error("an error of the first join ended the second")
	}
}

func TestTalkClosesTheChannelItHasReplaced(t *testing.T) {
	s := speaker()
	r := s.rooms[0]
	r.replaced = r.joinRef
	s.join(r)
	s.receive([]byte(`["1","1","room:a","phx_close",{}]`))
	s.receive([]byte(`["2","2","room:a","phx_reply",{"status":"ok","response":{}}]`))
	if len(s.rooms) != 1 || r.state != joined || len(s.crowd.faults()) > 0 {
		t.Errorf("got %d rooms, state %d, %v", len(s.rooms), r.state, s.crowd.counted())
	}
}

func TestTalkWaitsForAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := speaker()
		s.heartbeat()
		s.rooms[0].state, s.rooms[0].since = leaving, time.Now()
		time.Sleep(answerWithin)
		s.overdue(time.Now())
		if f := s.crowd.faults(); len(f) != 0 {
			t.Fatalf("got %v before it is time", f)
		}
		time.Sleep(time.Millisecond)
		s.overdue(time.Now())
		got := s.crowd.faults()
		if got[fault+"no answer: heartbeat"] != 1 || got[fault+"no end of a channel that was left or crashed"] != 1 {
			t.Errorf("got %v, want both missed", got)
		}
	})
}

// Whatever a talk says is a message, refs go up by one, and all kinds of action come up.
func TestTalkSaysMessages(t *testing.T) {
	s := speaker()
	last, events := 1, map[string]int{}
	said := s.start()
	for range 20_000 {
		said = append(said, s.action()...)
		for _, text := range said {
			m, err := phx.Parse([]byte(text))
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if last++; string(m.Ref) != fmt.Sprintf(`"%d"`, last) {
				t.Fatalf("%s: want ref %d", text, last)
			}
			topic, _, _ := strings.Cut(string(m.Topic), ":")
			events[topic+" "+string(m.Event)]++
		}
		said = nil
		for _, r := range slices.Clone(s.rooms) { // the server is quick
			switch r.state {
			case joining:
				r.state = joined
			case crashing:
				said = append(said, s.join(r)...)
			case leaving:
				s.remove(r)
			}
		}
		clear(s.asks)
	}
	for _, what := range []string{`"room "phx_join"`, `"room "phx_leave"`, `"room "echo"`, `"room "shout"`, `"room "crash"`, `"presence "phx_join"`,
		`"presence "phx_leave"`, `"crash "phx_join"`, `"nowhere "phx_join"`} {
		if events[what] < 20 {
			t.Errorf("%s came up %d times, of %v", what, events[what], events)
		}
	}
}

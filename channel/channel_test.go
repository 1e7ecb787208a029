package channel

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/wire"
	"github.com/bennu-go/bennu/proc"
)

type room struct{ log *[]string }

var logMu sync.Mutex // guards the log of several channels

func testSocket(log *[]string) UserSocket[struct{}] {
	return UserSocket[struct{}]{
		Name:    "test",
		Connect: Anonymous,
		ID:      func(struct{}) string { return "test:1" },
		Channels: []Route{Topic("room:*", Channel[room]{
			Join: Reply(func(ctx context.Context, s *Socket[room], in struct {
				Say  string `json:"say"`
				Slow int    `json:"slow"`
			}) (map[string]any, error) {
				s.Assigns.log = log
				if in.Slow > 0 {
					select {
					case <-time.After(time.Duration(in.Slow) * time.Millisecond):
					case <-ctx.Done():
						return nil, context.Cause(ctx)
					}
				}
				switch in.Say {
				case "no":
					return nil, Error{Reason: "unauthorized"}
				case "panic":
					panic("in join")
				case "push":
					if err := s.Push("x", struct{}{}); !errors.Is(err, ErrNotJoined) {
						return nil, err
					}
					s.AfterJoin(func(ctx context.Context, s *Socket[room]) error {
						return s.Push("hello", map[string]string{"id": s.Param("*")})
					})
				}
				return nil, nil
			}),
			In: Events[room]{
				"echo": Reply(func(ctx context.Context, s *Socket[room], in json.RawMessage) (json.RawMessage, error) {
					return in, nil
				}),
				"shout": Reply(func(ctx context.Context, s *Socket[room], in json.RawMessage) (any, error) {
					return nil, s.Broadcast("shout", in)
				}),
				"others": NoReply(func(ctx context.Context, s *Socket[room], in json.RawMessage) error {
					return s.BroadcastFrom("shout", in)
				}),
				"crash": NoReply(func(ctx context.Context, s *Socket[room], in struct{}) error { panic("crash") }),
				"error": NoReply(func(ctx context.Context, s *Socket[room], in struct{}) error { return errors.New("unexpected") }),
				"stop": Reply(func(ctx context.Context, s *Socket[room], in struct{}) (any, error) {
					return nil, Stop{Reply: struct{}{}}
				}),
				"later": Reply(func(ctx context.Context, s *Socket[room], in struct{}) (any, error) {
					ref := s.Ref()
					s.Go(func(ctx context.Context) { time.Sleep(time.Second); ref.Reply([]int{1}) })
					return nil, Later
				}),
				"typed": Reply(func(ctx context.Context, s *Socket[room], in struct{ N int }) ([]string, error) { return nil, nil }).Limit(Rate{N: 2}),
			},
			Out: Events[room]{"secret": Reply(func(ctx context.Context, s *Socket[room], in map[string]any) (map[string]any, error) {
				return map[string]any{"for": s.ID()}, nil
			})},
			Info: Infos[room]{OnInfo(func(ctx context.Context, s *Socket[room], n int) error { return s.Push("info", map[string]int{"n": n}) })},
			Terminate: func(ctx context.Context, s *Socket[room], reason error) {
				if ctx.Err() != nil {
					reason = ctx.Err()
				}
				logMu.Lock()
				*log = append(*log, s.Topic()+" "+reason.Error())
				logMu.Unlock()
				s.Push("bye", struct{}{})
			},
		})},
	}
}

func TestTranscripts(t *testing.T) {
	join := `["1","1","room:a","phx_join",{}]`
	joined := `["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`
	for _, tc := range []struct {
		name      string
		say, want []string
		log       string
	}{
		{"heartbeat", []string{`[null,"7","phoenix","heartbeat",{}]`}, []string{`[null,"7","phoenix","phx_reply",{"status":"ok","response":{}}]`}, ""},
		{"join and echo back to back", []string{join, `["1","2","room:a","echo",{"x":[1]}]`},
			[]string{joined, `["1","2","room:a","phx_reply",{"status":"ok","response":{"x":[1]}}]`}, ""},
		{"join refused", []string{`["1","1","room:a","phx_join",{"say":"no"}]`, `["1","2","room:a","echo",{}]`},
			[]string{`["1","1","room:a","phx_reply",{"status":"error","response":{"reason":"unauthorized"}}]`,
				`[null,"2","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`}, "room:a shutdown: join_refused"},
		{"join crashed", []string{`["1","1","room:a","phx_join",{"say":"panic"}]`},
			[]string{`["1","1","room:a","phx_reply",{"status":"error","response":{"reason":"join crashed"}}]`}, "room:a panic: in join"},
		{"push from AfterJoin", []string{`["1","1","room:a","phx_join",{"say":"push"}]`}, []string{joined, `["1",null,"room:a","hello",{"id":"a"}]`}, ""},
		{"unmatched topic", []string{`["1","1","nope","phx_join",{}]`, `[null,"2","nope","x",{}]`, `["9","3","nope","phx_leave",{}]`}, []string{
			`[null,"1","nope","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`,
			`[null,"2","nope","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`,
			`["9","3","nope","phx_reply",{"status":"ok","response":{}}]`}, ""},
		{"leave", []string{join, `["1","2","room:a","phx_leave",{}]`}, []string{joined,
			`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:a","phx_close",{}]`, `["1",null,"room:a","bye",{}]`}, "room:a shutdown: left"},
		{"stop with a reply", []string{join, `["1","2","room:a","stop",{}]`}, []string{joined,
			`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:a","phx_close",{}]`, `["1",null,"room:a","bye",{}]`}, "room:a normal"},
		{"crash", []string{join, `["1","2","room:a","crash",{}]`, `["1","3","room:a","echo",{}]`}, []string{joined, `["1",null,"room:a","bye",{}]`,
			`["1","1","room:a","phx_error",{"reason":"channel_crash"}]`,
			`[null,"3","room:a","phx_reply",{"status":"error","response":{"reason":"unmatched topic"}}]`}, "room:a panic: crash"},
		{"unexpected error", []string{join, `["1","2","room:a","error",{}]`}, []string{joined, `["1",null,"room:a","bye",{}]`,
			`["1","1","room:a","phx_error",{"reason":"channel_crash"}]`}, "room:a unexpected"},
		{"stale and null join_refs", []string{join, `["0","2","room:a","echo",{}]`, `[null,"3","room:a","echo",{}]`, `["0","4","room:a","phx_leave",{}]`},
			[]string{joined, `["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`}, ""},
		{"numbers as refs", []string{`[1,1,"room:a","phx_join",{}]`, `[1,2,"room:a","echo",{}]`, `["1",3,"room:a","echo",{}]`},
			[]string{`[1,1,"room:a","phx_reply",{"status":"ok","response":{}}]`, `[1,2,"room:a","phx_reply",{"status":"ok","response":{}}]`}, ""},
		{"unknown event and wrong payload", []string{join, `["1","2","room:a","nope",{}]`, `["1","3","room:a","typed",{"N":"x"}]`}, []string{joined,
			`["1","2","room:a","phx_reply",{"status":"error","response":{"reason":"unknown event"}}]`,
			`["1","3","room:a","phx_reply",{"status":"error","response":{"reason":"invalid payload","detail":"json: decoding N: a string does not fit int"}}]`}, ""},
		{"nil slices and rate limit", []string{join, `["1","2","room:a","typed",{}]`, `["1","3","room:a","typed",{}]`, `["1","4","room:a","typed",{}]`}, []string{joined,
			`["1","2","room:a","phx_reply",{"status":"ok","response":[]}]`, `["1","3","room:a","phx_reply",{"status":"ok","response":[]}]`,
			`["1","4","room:a","phx_reply",{"status":"error","response":{"reason":"rate_limited"}}]`}, ""},
		{"broadcast comes before the reply", []string{join, `["1","2","room:a","shout",{"m":1}]`},
			[]string{joined, `[null,null,"room:a","shout",{"m":1}]`, `["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`}, ""},
		{"broadcast_from", []string{join, `["1","2","room:a","others",{"m":1}]`}, []string{joined}, ""},
		{"duplicate join", []string{join, `["2","2","room:a","phx_join",{"say":"push"}]`, `["1","3","room:a","echo",{}]`, `["2","4","room:a","echo",{}]`}, []string{joined,
			`["1",null,"room:a","bye",{}]`, `["2","2","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","1","room:a","phx_close",{}]`,
			`["2",null,"room:a","hello",{"id":"a"}]`, `["2","4","room:a","phx_reply",{"status":"ok","response":{}}]`}, "room:a shutdown: duplicate_join"},
		{"leave while joining", []string{`["1","1","room:a","phx_join",{"slow":60000}]`, `["1","2","room:a","phx_leave",{}]`}, []string{
			`["1","1","room:a","phx_reply",{"status":"error","response":{"reason":"join cancelled"}}]`,
			`["1","2","room:a","phx_reply",{"status":"ok","response":{}}]`}, "room:a shutdown: join_refused"},
		{"second join while joining", []string{`["1","1","room:a","phx_join",{"slow":60000}]`, `["2","2","room:a","phx_join",{}]`}, []string{
			`["1","1","room:a","phx_reply",{"status":"error","response":{"reason":"join cancelled"}}]`,
			`["2","2","room:a","phx_reply",{"status":"ok","response":{}}]`}, "room:a shutdown: duplicate_join"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log []string
			onRig(t, testSocket(&log), func(r *rig) {
				c := r.connect()
				if tc.name == "crash" || tc.name == "duplicate join" || tc.name == "second join while joining" { // what comes first is up to the scheduler otherwise
					c.say(tc.say[0])
					synctest.Wait()
					c.say(tc.say[1:]...)
				} else {
					c.say(tc.say...)
				}
				c.want(tc.want...)
				got := ""
				if len(log) > 0 {
					got = log[0]
				}
				if got != tc.log {
					t.Errorf("Terminate saw %q, want %q", got, tc.log)
				}
				c.Close(1001, "")
			})
		})
	}
}

func TestBroadcastsReachOtherClientsOfEveryVersion(t *testing.T) {
	var log []string
	onRig(t, testSocket(&log), func(r *rig) {
		a, b, v1 := r.connect(), r.connect(), r.connectAs(wire.V1{})
		a.say(`["1","1","room:a","phx_join",{}]`)
		b.say(`["5","5","room:a","phx_join",{}]`)
		v1.say(`{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}`)
		a.want(`["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`)
		b.want(`["5","5","room:a","phx_reply",{"status":"ok","response":{}}]`)
		v1.want(`{"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}`)
		a.say(`["1","2","room:a","others",{"m":1}]`)
		a.want()
		b.want(`[null,null,"room:a","shout",{"m":1}]`)
		v1.want(`{"topic":"room:a","event":"shout","payload":{"m":1},"ref":null}`)
		Broadcast(r.ps, "room:a", "secret", map[string]int{"code": 1})
		b.want(`["5",null,"room:a","secret",{"for":"test:1"}]`)
		v1.say(`{"topic":"room:a","event":"crash","payload":{},"ref":"2"}`)
		v1.want(`{"topic":"room:a","event":"secret","payload":{"for":"test:1"},"ref":null}`, `{"topic":"room:a","event":"bye","payload":{},"ref":null}`,
			`{"topic":"room:a","event":"phx_error","payload":{"reason":"channel_crash"},"ref":null}`)
		Disconnect(r.ps, "test:1")
		synctest.Wait()
		if a.closed != 1001 || b.closed != 1001 || v1.closed != 1001 {
			t.Errorf("closed with %d, %d, %d, want 1001", a.closed, b.closed, v1.closed)
		}
		if n := r.sys.Count(); n != 0 {
			t.Errorf("%d processes left", n)
		}
	})
}

func TestLaterInfoAndTimers(t *testing.T) {
	var log []string
	onRig(t, testSocket(&log), func(r *rig) {
		c := r.connect()
		c.say(`["1","1","room:a","phx_join",{}]`, `["1","2","room:a","later",{}]`, `["1","3","room:a","echo",{}]`)
		c.want(`["1","1","room:a","phx_reply",{"status":"ok","response":{}}]`, `["1","3","room:a","phx_reply",{"status":"ok","response":{}}]`)
		time.Sleep(2 * time.Second)
		c.want(`["1","2","room:a","phx_reply",{"status":"ok","response":[1]}]`)
		for p := range r.sys.Processes() {
			p.Send(42)
		}
		c.want(`["1",null,"room:a","info",{"n":42}]`)
		c.Close(1001, "")
	})
}

func TestLimits(t *testing.T) {
	release := make(chan struct{})
	def := UserSocket[struct{}]{Name: "limits", Connect: Anonymous, MaxChannels: 2, Channels: []Route{Topic("{a}:{b}", Channel[int]{
		Mailbox: 2,
		Join:    Reply(func(ctx context.Context, s *Socket[int], in struct{}) (any, error) { return nil, nil }),
		In:      Events[int]{"block": Reply(func(ctx context.Context, s *Socket[int], in struct{}) (any, error) { <-release; return nil, nil })},
	})}}
	onRig(t, def, func(r *rig) {
		release = make(chan struct{})
		c := r.connect()
		c.say(`["1","1","a:1","phx_join",{}]`, `["2","2","a:2","phx_join",{}]`, `["3","3","a:3","phx_join",{}]`)
		synctest.Wait()
		c.got = nil
		c.say(`["1","4","a:1","block",{}]`)
		synctest.Wait()
		c.say(`["1","5","a:1","block",{}]`, `["1","6","a:1","block",{}]`, `["1","7","a:1","block",{}]`)
		c.want(`["1","7","a:1","phx_reply",{"status":"error","response":{"reason":"overloaded"}}]`)
		c.say(`["2","8","a:2","block2",{}]`, `["1","9","a:1","phx_leave",{}]`)
		c.want(`["2","8","a:2","phx_reply",{"status":"error","response":{"reason":"unknown event"}}]`)
		close(release)
		ok := func(ref string) string { return `["1","` + ref + `","a:1","phx_reply",{"status":"ok","response":{}}]` }
		c.want(ok("4"), ok("5"), ok("6"), ok("9"), `["1","1","a:1","phx_close",{}]`)
		c.say(`["4","10","a:4","phx_join",{}]`, `["5","11","a:5","phx_join",{}]`)
		c.want(`["5","11","a:5","phx_reply",{"status":"error","response":{"reason":"too many channels joined"}}]`, `["4","10","a:4","phx_reply",{"status":"ok","response":{}}]`)
		c.Close(1001, "")
	})
}

func TestAClosedConnectionEndsItsChannels(t *testing.T) {
	var log []string
	onRig(t, testSocket(&log), func(r *rig) {
		c := r.connect()
		c.say(`["1","1","room:a","phx_join",{}]`, `["2","2","room:b","phx_join",{"slow":60000}]`)
		synctest.Wait()
		if n := r.sys.Count(); n != 2 {
			t.Fatalf("%d processes, want 2", n)
		}
		c.Close(1001, "")
		synctest.Wait()
		if n := r.sys.Count(); n != 0 {
			t.Errorf("%d processes left", n)
		}
		if len(log) != 2 || log[0] == log[1] {
			t.Errorf("Terminate saw %q", log)
		}
	})
}

func TestWrongDefinitionsAreRefusedWhenMounted(t *testing.T) {
	join := Reply(func(ctx context.Context, s *Socket[int], in struct{}) (any, error) { return nil, nil })
	for name, def := range map[string]UserSocket[string]{
		"no connect": {},
		"no join":    {Connect: func(context.Context, *ConnectRequest) (string, error) { return "", nil }, Channels: []Route{Topic("a", Channel[int]{})}},
		"star":       {Connect: func(context.Context, *ConnectRequest) (string, error) { return "", nil }, Channels: []Route{Topic("a*b", Channel[int]{Join: join})}},
		"identity":   {Connect: func(context.Context, *ConnectRequest) (string, error) { return "", nil }, Channels: []Route{Topic("a", Channel[int]{Join: join, Identity: Wants[int]()})}},
		"reserved":   {Connect: func(context.Context, *ConnectRequest) (string, error) { return "", nil }, Channels: []Route{Topic("a", Channel[int]{Join: join, In: Events[int]{"phx_x": {}}})}},
	} {
		t.Run(name, func(t *testing.T) {
			sys := proc.NewSystem(proc.Config{})
			defer sys.Close()
			if _, err := def.NewSocket(envFor(sys)); err == nil {
				t.Error("mounted")
			} else {
				t.Log(err)
			}
		})
	}
}

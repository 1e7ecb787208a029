package presence

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/internal/jstest"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// history is what happened in a topic as its clients were told, and what is true at the end. Both clients are there from the beginning; the first
// is pushed one listing, as after a join, the second any number.
type history struct {
	Name    string               `json:"name"`
	Clients [2][]json.RawMessage `json:"clients"` // {"state": …} or {"diff": …}
	Listing json.RawMessage      `json:"listing"`
}

// play is a history under way.
type play struct {
	history
	t       *testing.T
	n       *node
	topic   string
	people  [3]*client // nil: gone
	mu      sync.Mutex // guards Clients, to which diffs come from several goroutines
	pending json.RawMessage
}

var keyOf = [3]string{"ada", "ada", "bob"} // two devices of one, and somebody else

func (p *play) Deliver(m *pubsub.Message, _ *proc.Process) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.Clients {
		p.Clients[i] = append(p.Clients[i], json.RawMessage(fmt.Sprintf(`{"diff":%s}`, m.Payload())))
	}
}

func (p *play) Reset() {}

func (p *play) push(client int, listing []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Clients[client] = append(p.Clients[client], json.RawMessage(fmt.Sprintf(`{"state":%s}`, listing)))
}

func (p *play) come(i int) {
	if p.people[i] == nil {
		p.people[i] = newClient(p.t, p.n.sys, p.topic)
	}
	if err := p.n.presence.Track(p.people[i], keyOf[i], seat{fmt.Sprint(i)}); err != nil {
		p.t.Fatal(err)
	}
}

const historyWindow = 50 * time.Millisecond

// moves are what can happen; the name of a history is their letters.
var moves = []struct {
	letter byte
	do     func(p *play) bool // false: it cannot, now
}{
	{'A', func(p *play) bool { return p.people[0] == nil && then(func() { p.come(0) }) }},
	{'B', func(p *play) bool { return p.people[1] == nil && then(func() { p.come(1) }) }},
	{'C', func(p *play) bool { return p.people[2] == nil && then(func() { p.come(2) }) }},
	{'u', func(p *play) bool {
		return p.people[0] != nil && then(func() {
			if err := p.n.presence.Update(p.people[0], "ada", seat{"0, again"}); err != nil {
				p.t.Fatal(err)
			}
		})
	}},
	{'a', func(p *play) bool {
		return p.people[0] != nil && then(func() {
			p.n.presence.Untrack(p.people[0], "ada")
			p.people[0] = nil
		})
	}},
	{'b', func(p *play) bool {
		return p.people[1] != nil && then(func() {
			p.people[1].p.Exit(errExit)
			synctest.Wait()
			p.people[1] = nil
		})
	}},
	{'l', func(p *play) bool {
		return p.pending == nil && then(func() { p.pending = p.n.presence.List(p.topic).JSON() }) // pushed later
	}},
	{'p', func(p *play) bool {
		return string(p.pending) > "p" && then(func() { p.push(0, p.pending); p.pending = json.RawMessage("done") })
	}},
	{'L', func(p *play) bool { return then(func() { p.push(1, p.n.presence.List(p.topic).JSON()) }) }},
	{'.', func(p *play) bool {
		return then(func() { time.Sleep(historyWindow + time.Millisecond); synctest.Wait() })
	}},
}

// run plays moves in a topic of their own. It returns nil if one of them could not be made.
func (n *node) play(t *testing.T, name string, number int) *play {
	p := &play{t: t, n: n, topic: fmt.Sprintf("topic %d", number)}
	p.Name, p.Clients = name, [2][]json.RawMessage{{}, {}}
	n.ps.Join(p.topic, p)
	possible := true
	for i := 0; i < len(name) && possible; i++ {
		for _, m := range moves {
			if m.letter == name[i] {
				possible = m.do(p)
			}
		}
	}
	time.Sleep(3 * historyWindow)
	synctest.Wait()
	if p.pending != nil && string(p.pending) != "done" {
		p.push(0, p.pending)
	}
	p.Listing = n.presence.List(p.topic).JSON()
	n.ps.Leave(p.topic, p)
	for _, c := range p.people {
		if c != nil {
			c.p.Exit(nil)
		}
	}
	synctest.Wait()
	if !possible {
		return nil
	}
	return p
}

// check replays the history with the port of the client.
func (p *play) check() {
	want := listed(p.Listing).String()
	for i, events := range p.Clients {
		c := &jsClient{}
		for _, e := range events {
			told := decode[struct{ State, Diff json.RawMessage }](e)
			if told.State != nil {
				c.onState(told.State)
			} else {
				c.onDiff(told.Diff)
			}
		}
		if got := c.state.String(); c.synced && got != want {
			p.t.Errorf("history %s: client %d holds %q, the tracker %q", p.Name, i, got, want)
		}
	}
}

// histories plays every history of at most so many moves, and some long ones.
func histories(t *testing.T, longest, long int, each func(p *play)) (count int) {
	bubble(t, func(t *testing.T) {
		n := alone(t, func(c *Config) { c.Window = historyWindow })
		number := 0
		var grow func(name string)
		grow = func(name string) {
			number++
			p := n.play(t, name, number)
			if p == nil || t.Failed() {
				return
			}
			count++
			each(p)
			if len(name) < longest {
				for _, m := range moves {
					grow(name + string(m.letter))
				}
			}
		}
		grow("")
		for seed := range uint64(long) {
			r := rand.New(rand.NewPCG(seed, 4))
			var name []byte
			here := [3]bool{}
			listed := 0
			for range 10 + r.IntN(40) { // moves that are possible
				i := r.IntN(len(moves))
				switch c := moves[i].letter; c {
				case 'A', 'B', 'C':
					if here[c-'A'] {
						continue
					}
					here[c-'A'] = true
				case 'a', 'b':
					if !here[c-'a'] {
						continue
					}
					here[c-'a'] = false
				case 'u':
					if !here[0] {
						continue
					}
				case 'l', 'p':
					if listed != map[byte]int{'l': 0, 'p': 1}[c] {
						continue
					}
					listed++
				}
				name = append(name, moves[i].letter)
			}
			number++
			p := n.play(t, string(name), number)
			if p == nil {
				t.Fatalf("history %s is not possible", name)
			}
			count++
			each(p)
		}
	})
	return count
}

// State plus diffs equal the tracker at every interleaving of track, update, leave, exit, list, push and flush.
func TestEveryHistory(t *testing.T) {
	count := histories(t, longestPlay, 200, func(p *play) { p.check() })
	if count < fewestPlays {
		t.Errorf("got %d histories, want at least %d", count, fewestPlays)
	}
}

// The same with the real client, of both generations.
func TestEveryHistoryWithTheRealClient(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "histories.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	out := json.NewEncoder(file)
	count := histories(t, 4, 200, func(p *play) {
		if err := out.Encode(p.history); err != nil {
			t.Fatal(err)
		}
	})
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for _, generation := range []string{"phoenix", "phoenix17"} {
		t.Run(generation, func(t *testing.T) {
			result := jstest.Job{Script: "histories", Dir: os.DirFS("testdata/js"), Env: map[string]string{
				"CLIENT": generation, "HISTORIES": file.Name(), "COUNT": fmt.Sprint(count),
			}}.Run(t)
			if len(result.OK) != 2 || len(result.Failed) > 0 {
				t.Errorf("got %+v, want 2 scenarios that passed", result)
			}
		})
	}
}

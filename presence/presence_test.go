package presence

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise/supervisetest"
)

func TestSmoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := proc.NewSystem(proc.Config{})
		t.Cleanup(sys.Close)
		ps := pubsub.New(pubsub.Config{System: sys})
		p := New[seat](Config{PubSub: ps, Name: "p"})
		supervisetest.Start(t, p)
		var v view
		ps.Join("a", v.group())
		c := newClient(t, sys, "a")
		if err := p.Track(c, "ada", seat{"phone"}); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s", p.List("a").JSON())
		time.Sleep(time.Second)
		if err := p.Update(c, "ada", seat{"desk"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		c.p.Exit(nil)
		time.Sleep(time.Second)
		for _, d := range v.diffs {
			t.Logf("%s", d)
		}
	})
}

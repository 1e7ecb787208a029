package pitfalls

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/ets"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/supervise"
)

func handler(t *testing.T, routes http.Handler, sockets ...endpoint.Mount) http.Handler {
	sys := proc.NewSystem(proc.Config{})
	t.Cleanup(sys.Close)
	return endpoint.New(endpoint.Config{System: sys, PubSub: pubsub.New(pubsub.Config{System: sys}), Plugs: plug.Parsers(), Handler: routes, Sockets: sockets}).Handler()
}

// Without any fallback errors have one shape all the same, and tell nothing about the inside.
func TestErrorsHaveOneShapeWithoutAFallback(t *testing.T) {
	c := conntest.New(t, handler(t, router.New(func(r *router.Scope) {
		r.Scope("/", plug.Accepts("json"), func(r *router.Scope) {
			r.Get("/missing", func(http.ResponseWriter, *http.Request) error { return controller.ErrNotFound })
			r.Get("/broken", func(http.ResponseWriter, *http.Request) error { return errors.New("dial 10.0.0.1: refused") })
			r.Get("/panics", func(http.ResponseWriter, *http.Request) error { panic("a bug") })
		})
	})))
	c.SetHeader("Accept", "application/json")
	for path, want := range map[string]struct {
		status int
		text   string
	}{"/missing": {404, "Not Found"}, "/none": {404, "Not Found"}, "/broken": {500, "Internal Server Error"}, "/panics": {500, "Internal Server Error"}} {
		c.Get(path).WantJSON(want.status, object{"errors": object{"detail": want.text}})
	}
}

func TestLongPollIsOffUntilItIsWanted(t *testing.T) {
	c := conntest.New(t, handler(t, nil, endpoint.Mount{Path: "/socket", Socket: Socket(tokens)}))
	c.Get("/socket/longpoll?vsn=2.0.0").WantStatus(404)
}

// A form cannot set what the code does not name.
func TestMassAssignment(t *testing.T) {
	var user struct {
		Name  string `param:"name"`
		Admin bool
	}
	m, err := param.Decode("user[name]=ada&user[admin]=true&user[Admin]=true")
	if err != nil {
		t.Fatal(err)
	}
	in, _ := m.Map("user")
	if err := param.Bind(in, &user); err != nil || user.Admin || user.Name != "ada" {
		t.Errorf("got %+v, %v", user, err)
	}
}

// counts is what a process owns, and everybody reads.
func startCounter(t *testing.T, sup *supervise.Dynamic, table *ets.Set[string, int], release <-chan struct{}) *proc.Process {
	p, err := proc.Start(t.Context(), sup, proc.Server[struct{}]{
		Call: proc.Calls[struct{}]{proc.OnCall(func(_ context.Context, _ *proc.Self[struct{}], key string) (int, error) {
			<-release // a slow write
			n, _ := table.Get(key)
			table.Put(key, n+1)
			return n + 1, nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// One process serializes its calls. Reads go past it, to a table.
func TestReadsDoNotWaitForTheWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := proc.NewSystem(proc.Config{})
		sup := supervise.NewDynamic(supervise.DynamicConfig{System: sys})
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { sup.Run(ctx) })
		defer func() { stop(); wg.Wait(); sys.Close() }()
		synctest.Wait()

		table := ets.NewSet[string, int](ets.Config{Name: "counts"})
		table.Put("a", 1)
		release := make(chan struct{})
		writer := startCounter(t, sup, table, release)
		done := make(chan int)
		go func() {
			n, _ := proc.Call[int](t.Context(), writer, "a")
			done <- n
		}()
		synctest.Wait() // the writer is busy
		for range 1000 {
			if n, ok := table.Get("a"); n != 1 || !ok {
				t.Fatalf("got %d, %v", n, ok)
			}
		}
		close(release)
		if n := <-done; n != 2 {
			t.Errorf("got %d", n)
		}
	})
}

// A mailbox is bounded: who sends too much is told, and memory does not grow.
func TestMailboxesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := proc.NewSystem(proc.Config{})
		defer sys.Close()
		release := make(chan struct{})
		p, err := proc.StartUnsupervised(t.Context(), sys, proc.Server[struct{}]{
			Mailbox: 10,
			Info:    proc.Infos[struct{}]{proc.OnInfo(func(context.Context, *proc.Self[struct{}], int) error { <-release; return nil })},
		})
		if err != nil {
			t.Fatal(err)
		}
		full := 0
		for i := range 100 {
			if err := p.Send(i); errors.Is(err, proc.ErrFull) {
				full++
			} else if err != nil {
				t.Fatal(err)
			}
		}
		close(release)
		if full < 89 {
			t.Errorf("%d of 100 messages were refused, want all that do not fit", full)
		}
		time.Sleep(time.Second)
		if err := p.Send(1); err != nil {
			t.Errorf("the process has not recovered: %v", err)
		}
	})
}

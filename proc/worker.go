package proc

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"

	"github.com/bennu-go/bennu/internal/stack"
)

// workers lends goroutines to processes that have mail. There is no cap: a process with mail always gets
// a goroutine at once, so callbacks that block (10,000 of them, or some that call each other) stall nobody else.
// Workers that have nothing to do wait for the next process, a bounded number of them.
type workers struct {
	mu     sync.Mutex // guards the fields below
	idle   []*worker
	max    int // idle workers kept
	closed bool

	running atomic.Int64 // goroutines: workers and those of Process.Go
	gone    func()       // called when the last one has gone
}

type worker struct {
	work chan *Process
	id   uint64 // goroutine, for the report of a callback that hangs
}

func newWorkers() *workers { return &workers{max: 64 * runtime.GOMAXPROCS(0)} }

// run lends a goroutine to p, which is marked scheduled.
func (ws *workers) run(p *Process) {
	ws.mu.Lock()
	if n := len(ws.idle); n > 0 {
		w := ws.idle[n-1]
		ws.idle[n-1] = nil
		ws.idle = ws.idle[:n-1]
		ws.mu.Unlock()
		w.work <- p // capacity 1, and only one sender takes w off the list
		return
	}
	ws.mu.Unlock()
	ws.enter()
	go ws.work(&worker{work: make(chan *Process, 1)}, p)
}

func (ws *workers) work(w *worker, p *Process) {
	defer func() {
		if p != nil { // runtime.Goexit in a callback: another worker sees p to its end
			go ws.work(&worker{work: make(chan *Process, 1)}, p)
			return
		}
		ws.leave()
	}()
	w.id = stack.ID()
	pprof.SetGoroutineLabels(context.Background()) // not those of whoever happened to send the message
	for p != nil {
		p.run(w)
		p = nil // an idle worker keeps nothing alive
		if !ws.park(w) {
			return
		}
		p = <-w.work
	}
}

func (ws *workers) enter() { ws.running.Add(1) }

func (ws *workers) leave() {
	if ws.running.Add(-1) == 0 {
		ws.gone()
	}
}

func (ws *workers) park(w *worker) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closed || len(ws.idle) >= ws.max {
		return false
	}
	ws.idle = append(ws.idle, w)
	return true
}

// close lets idle workers go; busy ones go when their process has nothing more to do.
func (ws *workers) close() {
	ws.mu.Lock()
	ws.closed = true
	idle := ws.idle
	ws.idle = nil
	ws.mu.Unlock()
	for _, w := range idle {
		close(w.work)
	}
}

func (ws *workers) open() {
	ws.mu.Lock()
	ws.closed = false
	ws.mu.Unlock()
}

package proc

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"

	"github.com/bennu-go/bennu/internal/stack"
)

// workers lends goroutines to processes that have mail. They stand in one list, and as long as there are any in it, some worker is running or about to
// run that takes from it and does nothing else: whoever takes the first calls the next worker before it begins. So callbacks that block
// (10,000 of them, or some that call each other) stall nobody else, while many short ones in a row cost two switches and not one
// each. Workers that find nothing wait to be called, a bounded number of them.
type workers struct {
	mu     sync.Mutex // guards the fields below
	list   []*Process // from head on
	head   int
	called bool // a worker has been called and has not looked at the list yet
	idle   []*worker
	max    int // idle workers kept
	all    []*worker
	closed bool

	running atomic.Int64 // goroutines: workers and those of Process.Go
	gone    func()       // called when the last one has gone
}

type worker struct {
	call    chan struct{}           // closed: go
	id      uint64                  // goroutine, for the report of a callback that hangs
	process atomic.Pointer[Process] // it is serving
	place   int                     // in workers.all, whose mutex guards it
}

// keptList bounds the room that an empty list keeps.
const keptList = 4096

func newWorkers() *workers { return &workers{max: 16 * runtime.GOMAXPROCS(0)} }

// run lends a goroutine to p, which is marked scheduled.
func (ws *workers) run(p *Process) {
	ws.mu.Lock()
	if ws.head > keptList && ws.head > len(ws.list)/2 {
		n := copy(ws.list, ws.list[ws.head:])
		clear(ws.list[n:])
		ws.list, ws.head = ws.list[:n], 0
	}
	ws.list = append(ws.list, p)
	ws.callAndUnlock()
}

// callAndUnlock makes sure that somebody looks at the list.
func (ws *workers) callAndUnlock() {
	if ws.called || ws.head == len(ws.list) {
		ws.mu.Unlock()
		return
	}
	ws.called = true
	n := len(ws.idle)
	if n == 0 {
		ws.mu.Unlock()
		ws.enter()
		go ws.work(nil)
		return
	}
	w := ws.idle[n-1]
	ws.idle[n-1] = nil
	ws.idle = ws.idle[:n-1]
	ws.mu.Unlock()
	w.call <- struct{}{} // capacity 1, and only one sender takes w off the list
}

// work is a worker's goroutine: it serves p, if that is not nil, and then whoever is in the list. One that has no p was called.
func (ws *workers) work(p *Process) {
	w := &worker{call: make(chan struct{}, 1), id: stack.ID()}
	ws.add(w)
	defer func() {
		ws.remove(w)
		if p != nil { // runtime.Goexit in a callback: another worker sees p to its end
			go ws.work(p)
			return
		}
		ws.leave()
	}()
	pprof.SetGoroutineLabels(context.Background()) // not those of whoever happened to send the message
	called := p == nil
	for {
		if p != nil {
			p.run(w)
		}
		var on bool
		if p, on = ws.next(w, called); !on {
			return
		}
		called = false
		if p == nil {
			_, called = <-w.call
			if !called {
				return
			}
		}
	}
}

// next takes a process off the list. With none, w is among the idle, or, if on is false, is to go.
func (ws *workers) next(w *worker, called bool) (p *Process, on bool) {
	ws.mu.Lock()
	if called {
		ws.called = false
	}
	if ws.head < len(ws.list) {
		p = ws.list[ws.head]
		ws.list[ws.head] = nil
		if ws.head++; ws.head == len(ws.list) {
			ws.head = 0
			if ws.list = ws.list[:0]; cap(ws.list) > keptList {
				ws.list = nil
			}
		}
		ws.callAndUnlock()
		return p, true
	}
	defer ws.mu.Unlock()
	if ws.closed || len(ws.idle) >= ws.max {
		return nil, false
	}
	ws.idle = append(ws.idle, w)
	return nil, true
}

func (ws *workers) add(w *worker) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w.place = len(ws.all)
	ws.all = append(ws.all, w)
}

func (ws *workers) remove(w *worker) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	last := len(ws.all) - 1
	moved := ws.all[last]
	ws.all[w.place], moved.place = moved, w.place
	ws.all[last] = nil
	if ws.all = ws.all[:last]; last == 0 {
		ws.all = nil
	}
}

// busy is who serves whom at this moment: for inspection.
func (ws *workers) busy() map[*Process]*worker {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	busy := make(map[*Process]*worker)
	for _, w := range ws.all {
		if p := w.process.Load(); p != nil {
			busy[p] = w
		}
	}
	return busy
}

func (ws *workers) enter() { ws.running.Add(1) }

func (ws *workers) leave() {
	if ws.running.Add(-1) == 0 {
		ws.gone()
	}
}

// close lets idle workers go; busy ones go when the list is empty.
func (ws *workers) close() {
	ws.mu.Lock()
	ws.closed = true
	idle := ws.idle
	ws.idle = nil
	ws.mu.Unlock()
	for _, w := range idle {
		close(w.call)
	}
}

func (ws *workers) open() {
	ws.mu.Lock()
	ws.closed = false
	ws.mu.Unlock()
}

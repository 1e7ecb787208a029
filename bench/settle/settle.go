// Package settle is the hook that the measured servers offer so that memory can
// be compared: what a process still holds after garbage collection, once freed
// pages have gone back to the system.
//
// # Terms
//
// Memory "as found" is the resident set at some moment; it depends on when the
// collector last ran. "Settled" memory is the resident set after GET
// /debug/settle has answered.
//
// # Limits
//
// The hook stops the world and walks the heap: serve it on a loopback address
// of its own, beside the server under test, never in production.
package settle

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/bennu-go/bennu/bench/internal/loopback"
)

// Path is where the hook is served.
const Path = "/debug/settle"

// Handler answers GET [Path] with the runtime's MemStats as JSON, after
// collection and return of free pages; and beside it, at [UsagePath] and
// [GCPath], what the process has used and what one collection costs.
func Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, func(w http.ResponseWriter, _ *http.Request) {
		// What a sync.Pool holds survives one collection, so there are three:
		// FreeOSMemory is the last.
		runtime.GC()
		runtime.GC()
		debug.FreeOSMemory()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		answer(w, &stats)
	})
	mux.HandleFunc("GET "+UsagePath, usage)
	mux.HandleFunc("GET "+GCPath, collect)
	return mux
}

// Serve serves [Handler] on a loopback address until ctx ends; nil is its
// regular end. Ready, which may be nil, is called with the address once it
// accepts connections.
func Serve(ctx context.Context, addr string, ready func(net.Addr)) error {
	return ServeHandler(ctx, addr, Handler(), ready)
}

// ServeHandler is Serve with a handler that offers more than [Handler].
func ServeHandler(ctx context.Context, addr string, h http.Handler, ready func(net.Addr)) error {
	ap, err := loopback.AddrPort(addr)
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	ln, err := net.Listen("tcp", ap.String())
	if err != nil {
		return fmt.Errorf("settle: %w", err)
	}
	if ready != nil {
		ready(ln.Addr())
	}
	srv := &http.Server{Handler: h}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(ln); ctx.Err() == nil {
		return fmt.Errorf("settle: %w", err)
	}
	return nil
}

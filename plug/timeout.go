package plug

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bennu-go/bennu/internal/exchange"
)

// Timeout gives the context of every request a deadline d from now, and answers 503 if the handler has returned behind it without having sent anything. Errors
// of actions that wrap [context.DeadlineExceeded] have the same status. What has begun to answer is left alone.
//
// Go cannot stop a handler from outside: one that does not look at its context is waited for. Requests for a stream of events (Accept: text/event-stream) and
// those that change protocols (Connection: Upgrade) get no deadline. Phoenix has no such plug; there the server's time-outs apply.
func Timeout(d time.Duration) Plug {
	if d <= 0 {
		panic(fmt.Sprintf("plug: Timeout(%v): give the time that a request may take", d))
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isUpgrade(r) || isEventStream(r) {
				next.ServeHTTP(w, r)
				return
			}
			x, w, r := exchange.Begin(w, r)
			ctx, cancel := context.WithTimeout(r.Context(), d)
			defer cancel()
			r = r.WithContext(ctx)
			next.ServeHTTP(w, r)
			if errors.Is(ctx.Err(), context.DeadlineExceeded) && !x.Writer().Began() {
				Refuse(w, r, &Error{Status: http.StatusServiceUnavailable, Reason: fmt.Sprintf("not answered within %v", d), Err: ctx.Err()})
			}
		})
	}
}

// isEventStream reports whether the client asks for server-sent events.
func isEventStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

// isUpgrade reports whether the client asks for another protocol.
func isUpgrade(r *http.Request) bool {
	if r.ProtoMajor >= 2 {
		return r.Method == http.MethodConnect
	}
	for _, v := range r.Header["Connection"] {
		for token := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}

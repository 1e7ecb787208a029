package transport

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A Refusal is an error that says how a client is turned away. A connect callback makes one with [Refuse], or in full; every other
// error from it counts as a plain 403.
//
// Over WebSocket the answer is the HTTP status. Browsers do not show it to the page: phoenix.js sees code 1006, takes it for a lost connection and tries
// again for ever. With ConnectConfig.VisibleRefusals the connection is accepted and closed at once with CloseCode and Reason, upon which a page can act:
//
//	socket.onClose(event => {
//	  if (event.code >= 4400 && event.code < 4500) {
//	    socket.disconnect()                 // do not try again
//	    showWhy(event.code, event.reason)   // 4401 "token expired"
//	  }
//	})
//
// Over long-poll a client gets {"status":403} whatever the status is, which is all that phoenix.js understands; with VisibleRefusals
// there are also a "code" and a "reason".
type Refusal struct {
	// Status of the HTTP answer. Zero means 403.
	Status int
	// Reason is for the client, 123 bytes at most. It is the body of the HTTP answer. Empty by default.
	Reason string
	// Err is for the log. Nil by default.
	Err error
	// Header is added to the HTTP answer: Retry-After and the like.
	Header http.Header
	// CloseCode with VisibleRefusals. Zero means 4400 plus the last two digits of Status.
	CloseCode int

	early string // what was wrong before the socket was asked; "": the socket refused
}

// Refuse makes a Refusal from an HTTP status and a reason that the client may see.
func Refuse(status int, reason string) error { return &Refusal{Status: status, Reason: reason} }

// refusedEarly is a refusal before the socket was asked. Its reason is for the log.
func refusedEarly(status int, what string, err error) *Refusal {
	return &Refusal{Status: status, Err: err, early: what}
}

// refusalOf gives every error of connecting the form of a Refusal.
func refusalOf(err error) *Refusal {
	var r *Refusal
	if !errors.As(err, &r) || r == nil {
		return &Refusal{Status: http.StatusForbidden, Err: err}
	}
	if r.Status < 400 || r.Status > 599 {
		fixed := *r
		fixed.Status = http.StatusForbidden
		return &fixed
	}
	return r
}

// Error implements error.
func (r *Refusal) Error() string {
	s := fmt.Sprintf("transport: refused with status %d", r.Status)
	if r.Reason != "" {
		s += ": " + r.Reason
	}
	if r.Err != nil {
		s += ": " + r.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (r *Refusal) Unwrap() error { return r.Err }

func (r *Refusal) closeCode() int {
	if r.CloseCode != 0 {
		return r.CloseCode
	}
	return 4400 + r.Status%100
}

// answer sends the HTTP answer. What the socket refused goes to the ErrorHandler, if there is one.
func (r *Refusal) answer(w http.ResponseWriter, req *http.Request, c *ConnectConfig) {
	if c.ErrorHandler != nil && r.early == "" {
		c.ErrorHandler(w, req, r)
		return
	}
	r.addHeader(w.Header())
	if r.Reason == "" {
		w.WriteHeader(r.Status)
		return
	}
	http.Error(w, r.Reason, r.Status)
}

func (r *Refusal) addHeader(h http.Header) {
	for name, values := range r.Header {
		for _, v := range values {
			h.Add(name, v)
		}
	}
}

// Bounds of what a seen remembers.
const (
	seenKeys = 256
	seenFor  = time.Hour
)

// seen keeps the log short: it says which texts are new within an hour. When it is full, none is.
type seen struct {
	mu    sync.Mutex // guards the fields below
	since time.Time
	keys  map[string]struct{}
}

func (s *seen) first(key string) bool {
	if len(key) > 256 {
		key = key[:256]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.keys == nil || now.Sub(s.since) >= seenFor {
		s.since, s.keys = now, make(map[string]struct{})
	}
	if _, ok := s.keys[key]; ok || len(s.keys) >= seenKeys {
		return false
	}
	s.keys[key] = struct{}{}
	return true
}

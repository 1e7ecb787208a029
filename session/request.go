package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"

	"github.com/bennu-go/bennu/csrf"
)

// LiveSocketKey is the key of the id under which sockets of this browser listen for being disconnected.
const LiveSocketKey = "live_socket_id"

// A Session is the session of one request: what [Of] returns. It is read from its store when it is first used, and written back when the
// answer begins, if it was changed. Its methods may be called from any goroutine. Those that only read work on a nil Session too, which is
// empty; those that change panic.
type Session struct {
	store  Store
	r      *http.Request
	logger *slog.Logger

	mu      sync.Mutex // guards what follows
	loaded  bool
	err     error // of loading
	id      string
	sent    bool // the browser has sent a cookie of this name, whatever it holds
	data    map[string]any
	changed bool
	fate    fate
	ended   bool // the answer has begun
	flash   flash
}

// fate is what is to become of a session at the end of its request.
type fate byte

const (
	keep fate = iota
	renew
	drop
	ignore
)

// loadLocked reads the session unless that was done.
func (s *Session) loadLocked() {
	if s.loaded {
		return
	}
	s.loaded = true
	s.id, s.data, s.sent, s.err = find(s.r, s.store)
	if s.data == nil {
		s.data = map[string]any{}
	}
	if s.err != nil {
		s.logger.ErrorContext(s.r.Context(), "session not read: the request is answered with 503", "path", s.r.URL.Path, "error", s.err.Error())
	}
}

// changeLocked is called by everything that changes the session.
func (s *Session) changeLocked(what string) {
	s.loadLocked()
	s.changed = true
	if s.ended {
		s.logger.ErrorContext(s.r.Context(), "session changed after the answer had begun: the change is lost; change it before the first write",
			"path", s.r.URL.Path, "change", what)
	}
}

func (s *Session) mustBe(method string) {
	if s == nil {
		panic("session: " + method + ": this request has no session; put session.Load(store) in front of the handler")
	}
}

// Err is why the session could not be read: the store could not be reached. The session is empty then, nothing of it will be written, and
// whatever the handler answers, the client gets 503: nobody should be taken for logged out because a database is down.
func (s *Session) Err() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadLocked()
	return s.err
}

// Get returns the value under key, or nil. In a later request than the one that put it, it is of the type that the package comment says. It
// must not be changed: put another.
func (s *Session) Get(key string) any {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadLocked()
	return s.data[key]
}

// String returns the text under key, or "" if there is none or something else.
func (s *Session) String(key string) string {
	text, _ := s.Get(key).(string)
	return text
}

// Int returns the integer under key; ok is false if there is none or something else.
func (s *Session) Int(key string) (n int64, ok bool) {
	switch v := s.Get(key).(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case int32:
		return int64(v), true
	}
	return 0, false
}

// All returns a copy of the session, the keys that are taken by convention included.
func (s *Session) All() map[string]any {
	if s == nil {
		return map[string]any{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadLocked()
	return maps.Clone(s.data)
}

// Put puts value under key, whatever was there.
func (s *Session) Put(key string, value any) {
	s.mustBe("Put")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changeLocked("put " + key)
	s.data[key] = value
}

// Delete takes out what is under key.
func (s *Session) Delete(key string) {
	s.mustBe("Delete")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadLocked()
	if _, ok := s.data[key]; ok {
		s.changeLocked("delete " + key)
		delete(s.data, key)
	}
}

// Take returns the value under key and takes it out.
func (s *Session) Take(key string) any {
	v := s.Get(key)
	s.Delete(key)
	return v
}

// Clear takes everything out. The session keeps its id: whoever logs somebody out calls Drop, or Renew as well.
func (s *Session) Clear() {
	s.mustBe("Clear")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changeLocked("clear")
	clear(s.data)
}

// Renew gives the session a new id and forgets the old one, so that a key that somebody else has planted in the browser, or seen, is worth
// nothing: call it when somebody logs in, logs out or gains rights. What is in the session stays, [LiveSocketKey] included, but for the CSRF token:
// pages served before cannot post any more.
func (s *Session) Renew() {
	s.mustBe("Renew")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changeLocked("renew")
	delete(s.data, csrf.SessionKey)
	s.fate = renew
}

// Drop ends the session: the store forgets it and the browser is told to. What is put into it from now on is lost.
func (s *Session) Drop() {
	s.mustBe("Drop")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changeLocked("drop")
	clear(s.data)
	s.fate = drop
}

// Ignore lets the store and the browser keep what they have: changes of this request are seen by this request only.
func (s *Session) Ignore() {
	s.mustBe("Ignore")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fate = ignore
}

// DisconnectID is the id under which sockets that were opened with this session listen, or "". Whoever logs somebody out takes it before Drop or
// Clear and then has them closed: channel.Disconnect(ps, id).
func (s *Session) DisconnectID() string { return s.String(LiveSocketKey) }

// SetDisconnectID puts id under [LiveSocketKey]: one for each log-in, to close the sockets of that one, or one for each user.
func (s *Session) SetDisconnectID(id string) {
	s.mustBe("SetDisconnectID")
	s.Put(LiveSocketKey, id)
}

// end does what is left to do with the session when an answer with this status begins. The cookie, if there is one to send, is nil otherwise.
func (s *Session) end(status int) (*http.Cookie, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, nil
	}
	s.settleFlashLocked(status)
	s.ended = true
	if s.err != nil {
		return nil, s.err
	}
	if !s.changed || s.fate == ignore {
		return nil, nil
	}
	// A client that has gone must not keep somebody from being logged out.
	ctx := context.WithoutCancel(s.r.Context())
	if s.fate != keep && s.id != "" {
		if err := s.store.Delete(ctx, s.id); err != nil {
			return nil, fmt.Errorf("session: deleting: %w", err)
		}
		s.id = ""
	}
	if s.fate == drop {
		if !s.sent {
			return nil, nil
		}
		return expired(s.store.Cookie(s.r, "")), nil
	}
	value, err := s.store.Put(ctx, s.id, s.data)
	if errors.Is(err, ErrGone) {
		// Another request of this browser has logged out, or in, meanwhile, and has sent its cookie. This one must not undo that.
		s.logger.InfoContext(ctx, "session not written: it was dropped or renewed by another request", "path", s.r.URL.Path)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.store.Cookie(s.r, value), nil
}

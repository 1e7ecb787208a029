package session

import (
	"maps"
	"net/http"
	"reflect"

	"github.com/bennu-go/bennu/internal/exchange"
)

// FlashKey is the key of the messages for the next page.
const FlashKey = "phoenix_flash"

// flash is what a request knows of the messages for the next page. Once it was looked at, it leaves the session unless the answer is a redirect.
type flash struct {
	fetched  bool
	messages map[string]any // may hold what another program has put there
}

// FetchFlash is a plug for pages that people see: messages are for the first of these only, whether it shows them or not. Requests that do not pass
// it, nor ask for messages, leave them for the next page. It stands behind [Load].
func FetchFlash() func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, w, r = exchange.Begin(w, r)
			s := Of(r)
			s.mustBe("FetchFlash")
			s.mu.Lock()
			s.flash.fetched = true // read when it is needed
			s.mu.Unlock()
			next.ServeHTTP(w, r)
		})
	}
}

// PutFlash puts a message of a kind, "info" or "error" for example, for this page, and if the answer is a redirect, for the one after it.
func PutFlash(r *http.Request, kind, message string) {
	s := Of(r)
	s.mustBe("PutFlash")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flashLocked()[kind] = message
}

// Flash returns the messages, those of this request and those that the one before has left. What other programs have put there and is no text is
// left out.
func Flash(r *http.Request) map[string]string {
	messages := map[string]string{}
	s := Of(r)
	if s == nil {
		return messages
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for kind, m := range s.flashLocked() {
		if text, ok := m.(string); ok {
			messages[kind] = text
		}
	}
	return messages
}

// ClearFlash takes all messages out.
func ClearFlash(r *http.Request) {
	s := Of(r)
	s.mustBe("ClearFlash")
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.flashLocked())
}

func (s *Session) flashLocked() map[string]any {
	s.flash.fetched = true
	if s.flash.messages == nil {
		s.loadLocked()
		s.flash.messages = map[string]any{}
		old, _ := s.data[FlashKey].(map[string]any)
		maps.Copy(s.flash.messages, old)
	}
	return s.flash.messages
}

// settleFlashLocked puts the messages into the session if the answer is a redirect, or else takes them out.
func (s *Session) settleFlashLocked(status int) {
	if !s.flash.fetched || s.ended {
		return
	}
	messages := s.flashLocked()
	old, there := s.data[FlashKey]
	if len(messages) > 0 && status >= 300 && status <= 308 {
		if !there || !reflect.DeepEqual(old, any(messages)) {
			s.changed = true
			s.data[FlashKey] = messages
		}
		return
	}
	if there {
		s.changed = true
		delete(s.data, FlashKey)
	}
}

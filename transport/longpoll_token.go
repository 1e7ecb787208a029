package transport

import (
	"crypto/rand"
	"net/http"

	"github.com/bennu-go/bennu/param"
)

const (
	lpIDSize   = 26   // of rand.Text: 130 random bits
	lpMaxToken = 1024 // bytes of a token that is worth checking
)

func newLPID() string { return rand.Text()[:lpIDSize] }

// lpPlace is where a request's session is: here, on another node, or nowhere.
type lpPlace struct {
	token string
	local *lpSession
	node  string // of a session elsewhere, whose id is known
	id    string
}

func (p lpPlace) known() bool { return p.local != nil || p.node != "" }

// seal makes the token of a session on this node: its id and the node's name, signed, so that tokens made up by others cost no look-up and
// no message to another node.
func (l *LongPoll) seal(id string) (string, error) {
	return l.cfg.Tokens.SignBytes(l.salt, []byte(id+l.node()))
}

func (l *LongPoll) node() string {
	if l.env.PubSub == nil {
		return "local"
	}
	return l.env.PubSub.Node()
}

// find looks for the session whose token r carries: in a header or, for clients before phoenix.js 1.8, in a parameter.
func (l *LongPoll) find(r *http.Request, params param.Map) lpPlace {
	tok := r.Header.Get("X-Phoenix-Longpoll-Token")
	if tok == "" {
		tok, _ = params["token"].(string)
	}
	id, node, ok := l.unseal(tok)
	if !ok {
		return lpPlace{}
	}
	if node == l.node() {
		l.mu.Lock()
		defer l.mu.Unlock()
		return lpPlace{token: tok, id: id, local: l.sessions[id]}
	}
	if !l.spread {
		return lpPlace{}
	}
	return lpPlace{token: tok, id: id, node: node}
}

func (l *LongPoll) unseal(tok string) (id, node string, ok bool) {
	if tok == "" || len(tok) > lpMaxToken {
		return "", "", false
	}
	b, err := l.cfg.Tokens.VerifyBytes(l.salt, tok)
	if err != nil || len(b) <= lpIDSize {
		return "", "", false
	}
	return string(b[:lpIDSize]), string(b[lpIDSize:]), true
}

package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/bennu-go/bennu/channel"
)

// How long log-ins last.
const (
	BrowserAge = 14 * 24 * time.Hour
	BearerAge  = 24 * time.Hour
)

// A Token is an open log-in: whoever has it is the user. Accounts keep only its hash, so that reading them logs nobody in.
type Token string

type hash [sha256.Size]byte

type logIn struct{ user int64 }

// SocketID is the name of the sockets that were opened with the log-in: they are disconnected when it ends.
func (t Token) SocketID() string { return t.hash().socketID() }

func (t Token) hash() hash { return sha256.Sum256([]byte(t)) }

func (h hash) socketID() string {
	return "users_sessions:" + base64.RawURLEncoding.EncodeToString(h[:])
}

// LogIn returns the user with the address if the password is theirs, or ErrUnauthorized, which does not tell which of the two was wrong: not by the time it takes either.
func (a *Accounts) LogIn(ctx context.Context, email, password string) (User, error) {
	u, found := User{password: a.hasher.nobody}, false
	if id, ok := a.emails.Get(key(email)); ok {
		if known, err := a.Get(id); err == nil {
			u, found = known, true
		}
	}
	ok, err := a.hasher.matches(ctx, u.password, password)
	switch {
	case err != nil:
		return User{}, err
	case !ok || !found:
		return User{}, ErrUnauthorized
	}
	return u, nil
}

// Open opens a log-in that ends after age at the latest.
func (a *Accounts) Open(u User, age time.Duration) Token {
	t := Token(rand.Text() + rand.Text())
	a.logIns.PutTTL(t.hash(), logIn{u.ID}, age)
	return t
}

// ByToken returns whose log-in t is, or ErrUnauthorized.
func (a *Accounts) ByToken(t Token) (User, error) {
	l, ok := a.logIns.Get(t.hash())
	if !ok {
		return User{}, ErrUnauthorized
	}
	u, err := a.Get(l.user)
	if err != nil {
		return User{}, ErrUnauthorized // deleted
	}
	return u, nil
}

// End ends a log-in and disconnects its sockets.
func (a *Accounts) End(t Token) error { return a.end(t.hash()) }

func (a *Accounts) end(h hash) error {
	if !a.logIns.Delete(h) {
		return nil
	}
	return channel.Disconnect(a.cfg.PubSub, h.socketID())
}

func (a *Accounts) endAll(user int64, except Token) {
	for h, l := range a.logIns.All() {
		if l.user == user && (except == "" || h != except.hash()) {
			_ = a.end(h) // a socket that hears nothing of it stays until it closes; the log-in has ended
		}
	}
}

func (a *Accounts) disconnect(user int64) {
	for h, l := range a.logIns.All() {
		if l.user == user {
			_ = channel.Disconnect(a.cfg.PubSub, h.socketID())
		}
	}
}

package web

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

const (
	guestSalt    = "user socket"
	guestAge     = 24 * time.Hour
	sessionToken = "user_token" // key of the session
)

// Person is who is at the other side.
type Person struct {
	Name  string
	User  accounts.User  // the zero User of a guest
	Token accounts.Token // of the log-in; empty of a guest
}

// Guest reports whether the person has no account.
func (p Person) Guest() bool { return p.Token == "" }

// SocketID is the name under which the person's sockets are disconnected: those of one log-in, or all of a guest.
func (p Person) SocketID() string {
	if p.Guest() {
		return "guests_socket:" + p.Name
	}
	return p.Token.SocketID()
}

// user finds out whose log-in a token is.
func (d Deps) user(tok string) (Person, error) {
	u, err := d.Accounts.ByToken(accounts.Token(tok))
	if err != nil {
		return Person{}, err
	}
	return Person{Name: u.Name, User: u, Token: accounts.Token(tok)}, nil
}

// person finds out who a token was given to. A guest's ends when somebody registers with the name.
func (d Deps) person(tok string) (Person, error) {
	if !strings.Contains(tok, ".") { // a signed token has dots, that of a log-in has none
		return d.user(tok)
	}
	name, err := token.Verify[string](d.Tokens, guestSalt, tok, guestAge)
	if err != nil {
		return Person{}, err
	}
	if d.Accounts.NameTaken(name) {
		return Person{}, accounts.ErrUnauthorized
	}
	return Person{Name: name}, nil
}

// bearer makes the function that plug.BearerAuth takes.
func bearer(find func(tok string) (Person, error)) func(context.Context, string) (Person, error) {
	return func(_ context.Context, tok string) (Person, error) {
		p, err := find(tok)
		if errors.Is(err, accounts.ErrUnauthorized) {
			err = &plug.Error{Status: 401, Reason: "token not accepted", Err: err}
		}
		return p, err
	}
}

// fetchPerson finds the user of a page's session.
func (d Deps) fetchPerson(_ context.Context, s *session.Session) (Person, bool, error) {
	tok := s.String(sessionToken)
	if tok == "" {
		return Person{}, false, nil
	}
	p, err := d.user(tok)
	if errors.Is(err, accounts.ErrUnauthorized) {
		return Person{}, false, nil
	}
	return p, err == nil, err
}

// connect lets in who has a token, or comes from a page with a session.
func (d Deps) connect(_ context.Context, r *channel.ConnectRequest) (Person, error) {
	tok := r.AuthToken
	if tok == "" {
		tok, _ = r.Params["token"].(string)
	}
	if tok == "" {
		tok, _ = r.Session()[sessionToken].(string)
	}
	p, err := d.person(tok)
	if err != nil {
		return Person{}, channel.Refuse(401, "the token is missing, wrong or expired")
	}
	return p, nil
}

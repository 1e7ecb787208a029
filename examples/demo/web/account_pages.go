package web

import (
	"errors"
	"net/http"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/examples/demo/web/paths"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/session"
)

// chatPage is the chat: the user's if somebody is logged in, otherwise that of a guest, who is asked for a name.
func (d Deps) chatPage(w http.ResponseWriter, r *http.Request) error {
	return show(w, r, http.StatusOK, "chat", viewOf(r, "Bennu chat"))
}

// currentSession tells a page that lost its socket whether it is still who it was, and the token that its session has now.
func (d Deps) currentSession(w http.ResponseWriter, r *http.Request) error {
	p, _ := plug.CurrentUser[Person](r)
	return controller.JSON(w, http.StatusOK, data(map[string]string{"user": p.Name, "csrf_token": plug.CSRFToken(r)}))
}

func (d Deps) registerPage(w http.ResponseWriter, r *http.Request) error {
	return show(w, r, http.StatusOK, "register", viewOf(r, "Register"))
}

func (d Deps) register(w http.ResponseWriter, r *http.Request) error {
	var in accounts.Registration
	if err := param.Bind(param.Get(r, "user"), &in); err != nil {
		return err
	}
	u, err := d.Accounts.Register(r.Context(), in)
	var bad accounts.Invalid
	switch {
	case errors.As(err, &bad):
		v := viewOf(r, "Register")
		v.Fields, v.Errors = map[string]string{"name": in.Name, "email": in.Email}, bad
		return show(w, r, http.StatusUnprocessableEntity, "register", v)
	case err != nil:
		return err
	}
	return d.welcome(w, r, u, "Your account is ready, "+u.Name+".")
}

func (d Deps) logInPage(w http.ResponseWriter, r *http.Request) error {
	return show(w, r, http.StatusOK, "log_in", viewOf(r, "Log in"))
}

func (d Deps) logIn(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email    string `param:"email"`
		Password string `param:"password"`
	}
	if err := param.Bind(param.Get(r, "user"), &in); err != nil {
		return err
	}
	u, err := d.Accounts.LogIn(r.Context(), in.Email, in.Password)
	switch {
	case errors.Is(err, accounts.ErrUnauthorized):
		v := viewOf(r, "Log in")
		v.Fields = map[string]string{"email": in.Email}
		v.Errors = map[string][]string{"password": {"Invalid email or password."}}
		return show(w, r, http.StatusUnprocessableEntity, "log_in", v)
	case err != nil:
		return err
	}
	return d.welcome(w, r, u, "Welcome back, "+u.Name+".")
}

// welcome opens a log-in for the browser and sends it to where it wanted to go. Nothing of the session before stays, nor its id: somebody else may have planted it.
func (d Deps) welcome(w http.ResponseWriter, r *http.Request, u accounts.User, message string) error {
	to := plug.ReturnTo(r, paths.Profile())
	tok := d.Accounts.Open(u, accounts.BrowserAge)
	s := session.Of(r)
	s.Clear()
	s.Renew()
	s.Put(sessionToken, string(tok))
	s.SetDisconnectID(tok.SocketID())
	session.PutFlash(r, "info", message)
	return controller.Redirect(w, r, to)
}

// logOut ends the log-in and closes the sockets of its pages. Who is not logged in may do it too: it is what they want.
func (d Deps) logOut(w http.ResponseWriter, r *http.Request) error {
	if p, ok := plug.CurrentUser[Person](r); ok {
		if err := d.Accounts.End(p.Token); err != nil {
			return err
		}
	}
	s := session.Of(r)
	s.Clear()
	s.Renew()
	session.PutFlash(r, "info", "You are logged out.")
	return controller.Redirect(w, r, paths.LogIn())
}

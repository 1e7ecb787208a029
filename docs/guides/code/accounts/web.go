package accounts

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// Web is what pages, the API and the socket share.
type Web struct {
	Accounts *Accounts
	Sessions session.Store
	Tokens   *token.Tokens
	PubSub   *pubsub.PubSub
}

// Router has pages for people and an API for programs.
func (web Web) Router() *router.Router {
	browser := router.Pipeline{Name: "browser", Plugs: []plug.Plug{
		plug.Accepts("html"),
		session.Load(web.Sessions),
		session.FetchFlash(),
		plug.ProtectFromForgery(plug.CSRFConfig{}),
		plug.SecureHeaders(plug.SecureHeadersConfig{}),
		plug.FetchCurrentUser(web.currentUser),
	}}
	members := plug.RequireAuth(plug.RequireAuthConfig{LogIn: "/log-in"})
	guests := plug.RedirectIfAuthenticated("/account")

	signed := plug.BearerAuth(plug.VerifyToken(web.Tokens, "api", 30*24*time.Hour, web.Accounts.ByID))
	slowly := plug.RateLimit(plug.RateLimitConfig{Limit: 5, Per: time.Minute, Name: "passwords", Store: plug.NewMemoryRates(0)})

	return router.New(func(r *router.Scope) {
		r.Fallback(controller.Fallback(controller.FallbackConfig{}))
		r.Scope("/", browser, func(r *router.Scope) {
			r.Scope("/", guests, func(r *router.Scope) {
				r.Get("/log-in", web.logInPage)
				r.Scope("/", slowly, func(r *router.Scope) { r.Post("/log-in", web.logIn) })
			})
			r.Scope("/", members, func(r *router.Scope) {
				r.Get("/account", web.account)
				r.Delete("/log-in", web.logOut)
			})
		})
		r.Scope("/api/v1", plug.Accepts("json"), func(r *router.Scope) {
			r.Scope("/", slowly, func(r *router.Scope) { r.Post("/sessions", web.newToken) })
			r.Scope("/", signed, func(r *router.Scope) { r.Get("/me", web.me) })
		})
	})
}

// currentUser is asked by plug.FetchCurrentUser at each request.
func (web Web) currentUser(_ context.Context, s *session.Session) (User, bool, error) {
	logIn, ok := web.Accounts.ByKey(s.String("log_in"))
	return logIn.User, ok, nil
}

var pages = template.Must(template.New("").Parse(`
{{define "log in"}}<!DOCTYPE html>
<title>Log in</title>
{{with .Error}}<p role="alert">{{.}}</p>{{end}}
<form method="post" action="/log-in">
	<input type="hidden" name="_csrf_token" value="{{.Token}}">
	<input name="user[email]" type="email"> <input name="user[password]" type="password"> <button>Log in</button>
</form>{{end}}

{{define "account"}}<!DOCTYPE html>
<title>{{.User.Email}}</title>
<form method="post" action="/log-in">
	<input type="hidden" name="_csrf_token" value="{{.Token}}"> <input type="hidden" name="_method" value="delete">
	<button>Log {{.User.Email}} out</button>
</form>{{end}}`))

func (web Web) logInPage(w http.ResponseWriter, r *http.Request) error {
	return controller.HTML(w, r, http.StatusOK, controller.Template(pages, "log in", map[string]any{
		"Error": session.Flash(r)["error"], "Token": plug.CSRFToken(r),
	}))
}

func (web Web) logIn(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Email    string `param:"email"`
		Password string `param:"password"`
	}
	if err := param.Bind(param.Get(r, "user"), &in); err != nil {
		return err
	}
	user, ok := web.Accounts.Authenticate(in.Email, in.Password)
	if !ok {
		session.PutFlash(r, "error", "Wrong email or password.")
		return controller.RedirectStatus(w, r, http.StatusSeeOther, "/log-in")
	}
	to := plug.ReturnTo(r, "/account") // before Renew: it is in the session
	logIn := web.Accounts.LogIn(user)
	s := session.Of(r)
	s.Renew()
	s.Put("log_in", logIn.Key)
	s.SetDisconnectID(logIn.socketID())
	return controller.RedirectStatus(w, r, http.StatusSeeOther, to)
}

func (web Web) logOut(w http.ResponseWriter, r *http.Request) error {
	s := session.Of(r)
	sockets := s.DisconnectID() // before Drop
	web.Accounts.LogOut(s.String("log_in"))
	s.Drop()
	if err := channel.Disconnect(web.PubSub, sockets); err != nil {
		return err
	}
	return controller.RedirectStatus(w, r, http.StatusSeeOther, "/log-in")
}

func (web Web) account(w http.ResponseWriter, r *http.Request) error {
	user, _ := plug.CurrentUser[User](r)
	return controller.HTML(w, r, http.StatusOK, controller.Template(pages, "account", map[string]any{"User": user, "Token": plug.CSRFToken(r)}))
}

func (web Web) newToken(w http.ResponseWriter, r *http.Request) error {
	p := param.Of(r)
	email, err := p.String("email")
	if err != nil {
		return err
	}
	password, err := p.String("password")
	if err != nil {
		return err
	}
	user, ok := web.Accounts.Authenticate(email, password)
	if !ok {
		return &controller.Error{Status: http.StatusUnauthorized, Detail: "wrong email or password"}
	}
	signed, err := web.Tokens.Sign("api", user.ID)
	if err != nil {
		return err
	}
	return controller.JSON(w, http.StatusCreated, map[string]any{"data": map[string]string{"token": signed}})
}

func (web Web) me(w http.ResponseWriter, r *http.Request) error {
	user, _ := plug.CurrentUser[User](r)
	return controller.JSON(w, http.StatusOK, map[string]any{"data": user})
}

// Socket is for pages of those who are logged in: it knows them by the session, and ends when they log out.
func (web Web) Socket() channel.UserSocket[LogIn] {
	return channel.UserSocket[LogIn]{
		Connect: func(_ context.Context, r *channel.ConnectRequest) (LogIn, error) {
			key, _ := r.Session()["log_in"].(string)
			logIn, ok := web.Accounts.ByKey(key)
			if !ok {
				return LogIn{}, channel.Refuse(http.StatusForbidden, "not logged in")
			}
			return logIn, nil
		},
		ID: LogIn.socketID,
	}
}

func (l LogIn) socketID() string { return fmt.Sprintf("log_ins:%x", hashOf(l.Key)) }

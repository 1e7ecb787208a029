// Package web is the demo's edge: a JSON API that hands out tokens, and the socket that takes them.
package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/bennu-go/bennu/examples/demo/chat"
	"github.com/bennu-go/bennu/presence"
	"github.com/bennu-go/bennu/token"
)

const (
	tokenSalt = "user socket"
	tokenAge  = 24 * time.Hour
	maxBody   = 16 << 10 // bytes of a request
)

// Deps is what the edge needs.
type Deps struct {
	Chat   *chat.Chat
	Online *presence.Presence[Seat]
	Tokens *token.Tokens
}

// API serves /api/v1.
func API(d Deps) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/sessions", d.createSession)
	mux.HandleFunc("POST /api/v1/rooms/{room}/invitations", d.invite)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fail(w, http.StatusNotFound, "Not Found") })
	return mux
}

func (d Deps) createSession(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name string `json:"name"`
	}
	if !decode(w, r, &in) {
		return
	}
	name, err := chat.CheckName(in.Name)
	if err != nil {
		invalid(w, "name", err)
		return
	}
	tok, err := d.Tokens.Sign(tokenSalt, name)
	if err != nil {
		panic(err) // a string can always be signed
	}
	reply(w, http.StatusCreated, map[string]any{"data": map[string]string{"token": tok, "name": name}})
}

func (d Deps) invite(w http.ResponseWriter, r *http.Request) {
	user, err := d.user(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if err != nil {
		fail(w, http.StatusUnauthorized, "Unauthorized")
		return
	}
	var in struct {
		Name string `json:"name"`
	}
	if !decode(w, r, &in) {
		return
	}
	guest, err := chat.CheckName(in.Name)
	if err != nil {
		invalid(w, "name", err)
		return
	}
	switch err := d.Chat.Invite(r.PathValue("room"), user, guest); {
	case errors.Is(err, chat.ErrUnauthorized):
		fail(w, http.StatusForbidden, "Only guests of the room may invite.")
	case err != nil:
		invalid(w, "room", err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// user is who a token was given to.
func (d Deps) user(tok string) (string, error) {
	return token.Verify[string](d.Tokens, tokenSalt, tok, tokenAge)
}

func decode(w http.ResponseWriter, r *http.Request, v any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(v)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		fail(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	case err != nil:
		fail(w, http.StatusBadRequest, "The body must be a JSON object.")
	}
	return err == nil
}

func invalid(w http.ResponseWriter, field string, err error) {
	reply(w, http.StatusUnprocessableEntity, map[string]any{"errors": map[string][]string{field: {err.Error()}}})
}

func fail(w http.ResponseWriter, status int, detail string) {
	reply(w, status, map[string]any{"errors": map[string]string{"detail": detail}})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
